// Run after changing dependencies (`npm run lock`): adds to package-lock.json the platform packages that the registry at hand
// does not offer. npm leaves those out of the lockfile and then refuses its own work in `npm ci`; entries with a platform that
// is not this one are never installed here, and on their own platform they come from a whole registry.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './bootstrap.mjs';

const file = path.join(root, 'package-lock.json');
const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'sunos', 'aix', 'netbsd', 'openbsd'];
const processors = [
  ['arm64', 'arm64'],
  ['armv7', 'arm'],
  ['arm', 'arm'],
  ['ia32', 'ia32'],
  ['ppc64', 'ppc64'],
  ['riscv64', 'riscv64'],
  ['s390x', 's390x'],
  ['x64', 'x64'],
  ['wasm32', 'wasm32'],
  ['loong64', 'loong64'],
  ['mips64el', 'mips64el'],
];

/** The platform a package is for, as its name tells it: `@scope/binding-linux-x64-musl`. */
function platform(name) {
  const os = systems.find((system) => name.includes(system));
  const cpu = processors.find(([word]) => name.includes(word))?.[1];
  if (cpu === 'wasm32') return { cpu: ['wasm32'] };
  if (!os || !cpu) return undefined;
  const libc = /-musl/.test(name) ? 'musl' : /-(gnu|gnueabihf)$/.test(name) || os === 'linux' ? 'glibc' : undefined;
  return { cpu: [cpu], ...(os === 'linux' && libc ? { libc: [libc] } : {}), os: [os] };
}

let added = 0;
for (const parent of Object.values({ ...lock.packages })) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    const fits = platform(name);
    if (lock.packages[key] || !/^\d+\.\d+\.\d+/.test(version) || !fits) continue;
    lock.packages[key] = { version, ...(parent.dev ? { dev: true } : {}), optional: true, ...fits };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
fs.writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
process.stderr.write(`complete-lockfile: ${added} platform packages added\n`);
