// `npm run build`: compiles src/ to dist/ and writes the package.json that is published: without Node and without tools.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';

const node = bootstrap();
const dist = path.join(root, 'dist');
fs.rmSync(dist, { recursive: true, force: true });
const compiled = spawnSync(node, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const { name, version, description, license, type, bin, dependencies } = JSON.parse(
  fs.readFileSync(path.join(root, 'package.json'), 'utf8'),
);
const published = { name, version, description, license, type, engines: { node: '>=24' }, bin, dependencies };
fs.writeFileSync(path.join(dist, 'package.json'), `${JSON.stringify(published, undefined, 2)}\n`);
const descriptors = 'src/xds/generated/extensions.binpb';
fs.copyFileSync(path.join(root, descriptors), path.join(dist, descriptors));
for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'bin'])
  fs.cpSync(path.join(root, file), path.join(dist, file), { recursive: true });
