// `npm run check`: everything that needs no running program: types, lint and format, unused code.
import { bootstrap, run } from './bootstrap.mjs';

const node = bootstrap();
const steps = [
  ['types', ['node_modules/typescript/bin/tsc', '-p', '.']],
  ['lint and format', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']],
  ['unused code', ['node_modules/knip/bin/knip.js', '--no-progress']],
];
for (const [name, args] of steps) {
  process.stderr.write(`tidegate: checking ${name}\n`);
  const code = await run(node, args);
  if (code !== 0) process.exit(code);
}
