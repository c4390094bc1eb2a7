// Makes a fresh clone runnable: dependencies, the pinned Node, generated xDS types. Runs on Node 20 with nothing installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, 'node_modules');
/** Written after a complete `npm ci`, so that an interrupted one is not taken for a whole one. */
const stamp = path.join(modules, '.tidegate-lock');

function fail(message) {
  process.stderr.write(`tidegate: ${message}\n`);
  process.exit(1);
}

function installDependencies() {
  const lock = createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === lock) return;
  process.stderr.write('tidegate: installing dependencies (npm ci)\n');
  // No install scripts: nothing we use needs one, and a build machine without network access beyond the registry fails in them.
  // Standard output stays ours: npm start prints to it what people read.
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.error) fail(`npm is needed and could not be run: ${result.error.message}`);
  if (result.status !== 0) fail('npm ci failed; its own message is above');
  fs.writeFileSync(stamp, lock);
}

/** `npx tidegate` looks in node_modules/.bin before it asks the registry. */
function linkCommand() {
  const link = path.join(modules, '.bin/tidegate');
  try {
    if (fs.readlinkSync(link) === '../../bin/tidegate.mjs') return;
    fs.unlinkSync(link);
  } catch {
    // Not there yet.
  }
  fs.symlinkSync('../../bin/tidegate.mjs', link);
}

/** The Node of our optionalDependencies; the running one where no platform package fits but it is new enough. */
export function pinnedNode() {
  const pinned = path.join(modules, '.bin/node');
  if (fs.existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return fail(
    `no pinned Node for ${process.platform}-${process.arch} in the lockfile, and Node ${process.versions.node} is older than 24: install Node 24 or newer`,
  );
}

/** Returns the Node to run everything else with. */
export function bootstrap() {
  if (Number(process.versions.node.split('.')[0]) < 20)
    fail(`Node 20 or newer is needed to start; this is ${process.versions.node}`);
  installDependencies();
  linkCommand();
  const node = pinnedNode();
  const generated = spawnSync(node, [path.join(root, 'scripts/generate-xds.mjs')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (generated.status !== 0) fail('generating the xDS types failed; the message is above');
  return node;
}

/** Runs a child in the foreground, hands signals on to it, and resolves with its exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    const forward = (signal) => child.kill(signal);
    process.on('SIGTERM', forward);
    // A terminal sends SIGINT to the whole group; staying alive lets the child end in its own time.
    const ignoreInterrupt = () => undefined;
    process.on('SIGINT', ignoreInterrupt);
    child.on('error', (error) => {
      process.stderr.write(`tidegate: ${command}: ${error.message}\n`);
      resolve(1);
    });
    child.on('exit', (code, signal) => {
      process.off('SIGTERM', forward);
      process.off('SIGINT', ignoreInterrupt);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}
