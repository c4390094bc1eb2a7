#!/usr/bin/env node
// The `tidegate` command: starts the CLI with a Node that can run it. Runs on Node 20 with nothing installed.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** The published package brings compiled files; a clone runs its sources. */
const compiled = path.join(root, 'dist/cli/run-cli.js');
const isPublished = fs.existsSync(compiled) && !fs.existsSync(path.join(root, 'src'));
const isNewEnough = Number(process.versions.node.split('.')[0]) >= 24;

function fail(message) {
  process.stderr.write(`tidegate: ${message}\n`);
  process.exit(1);
}

/** The pinned Node of a clone's optionalDependencies. */
function pinnedNode() {
  const candidates = [
    'node_modules/.bin/node',
    `node_modules/node-${process.platform}-${process.arch}/bin/node`,
    `node_modules/node-bin-${process.platform}-${process.arch}/bin/node`,
  ];
  return candidates.map((file) => path.join(root, file)).find((file) => fs.existsSync(file));
}

function checkClone() {
  if (isPublished) return;
  const missing =
    !fs.existsSync(path.join(root, 'node_modules/commander')) ||
    !fs.existsSync(path.join(root, 'node_modules/@grpc/grpc-js'))
      ? 'its dependencies are not installed'
      : fs.existsSync(path.join(root, 'src/xds/generated/envoy'))
        ? undefined
        : 'its xDS types are not generated';
  if (missing) fail(`${missing}: run \`npm start\` once in ${root}`);
}

async function runHere() {
  const { runCli } = await import(isPublished ? compiled : path.join(root, 'src/cli/run-cli.ts'));
  await runCli(process.argv.slice(2));
}

/** The same command in another Node. Signals are handed on, so that the child decides how to end. */
function runWith(node) {
  const child = spawn(
    node,
    ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      env: { ...process.env, TIDEGATE_REEXECUTED: '1' },
    },
  );
  // A terminal sends SIGINT to the whole group, so the child may get it twice; it takes two at once for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // Ends as the child did, so that a shell sees the same.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

checkClone();
if (isNewEnough) await runHere();
else {
  // The variable stops a loop, should the "pinned" Node be an old one too.
  const node = process.env.TIDEGATE_REEXECUTED === '1' ? undefined : pinnedNode();
  if (node) runWith(node);
  else
    fail(
      isPublished
        ? `Node 24 or newer is needed; this is ${process.versions.node}`
        : `Node 24 or newer is needed; this is ${process.versions.node}, and the pinned one is not installed: run \`npm start\` once in ${root}`,
    );
}
