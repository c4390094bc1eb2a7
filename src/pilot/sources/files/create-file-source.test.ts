// The file source on a real folder: what comes, changes, breaks and goes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { collectSnapshots, type SnapshotCollector } from '../../../../test/conformance/collect-snapshots.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { createFileSource } from './create-file-source.ts';

const service = (name: string, port = 80): string =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\nspec:\n  ports:\n  - name: http\n    port: ${port}\n`;

const names = (snapshot: Snapshot): string[] =>
  [...snapshot.objects.Service.keys()].map((key) => key.slice('default/'.length)).toSorted();
const portOf = (snapshot: Snapshot, name: string): number | undefined =>
  snapshot.objects.Service.get(`default/${name}`)?.spec.ports[0]?.port;
const codes = (snapshot: Snapshot): string[] => snapshot.diagnostics.map(({ code }) => code);

describe('createFileSource', () => {
  let folder: string;
  let collector: SnapshotCollector | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidegate-files-'));
  });
  afterEach(async () => {
    await collector?.stop();
    collector = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  const at = (...parts: string[]): string => join(folder, ...parts);
  const run = (paths: string[] = [folder], pollIntervalMs = 60_000): SnapshotCollector => {
    collector = collectSnapshots(createFileSource({ paths, pollIntervalMs }));
    return collector;
  };
  const untilNames = (run: SnapshotCollector, expected: string[]): Promise<Snapshot> =>
    run.until(expected.join(), (snapshot) => names(snapshot).join() === expected.join());

  it('reads .yaml, .yml and .json files in folders and below, and no others', async () => {
    await mkdir(at('deep', 'er'), { recursive: true });
    await writeFile(at('a.yaml'), `${service('a')}---\n${service('a2')}`);
    await writeFile(at('deep', 'b.yml'), service('b'));
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'c' }, spec: { ports: [{ port: 1 }] } };
    await writeFile(at('deep', 'er', 'c.json'), JSON.stringify(object));
    await writeFile(at('d.txt'), service('d'));
    await writeFile(at('.e.yaml'), service('e'));
    await untilNames(run(), ['a', 'a2', 'b', 'c']);
  });

  it('follows files and folders that come, are renamed, and go', async () => {
    const running = run();
    await untilNames(running, []);
    await mkdir(at('sub'));
    await writeFile(at('sub', 'a.yaml'), service('a'));
    await untilNames(running, ['a']);
    await rename(at('sub', 'a.yaml'), at('b.yaml'));
    await running.until('renamed', ({ objects }) => objects.Service.get('default/a')?.origin.source === at('b.yaml'));
    await rename(at('sub'), at('other'));
    await writeFile(at('other', 'c.yaml'), service('c'));
    await untilNames(running, ['a', 'c']);
    await rm(at('other'), { recursive: true });
    await untilNames(running, ['a']);
    // A rename never showed the object as gone, or twice.
    for (const snapshot of running.snapshots.slice(2)) {
      assert.ok(names(snapshot).includes('a'));
      assert.deepEqual(snapshot.diagnostics, []);
    }
  });

  it('follows a file that is replaced by another', async () => {
    await writeFile(at('a.yaml'), service('a', 1));
    const running = run([at('a.yaml')]);
    await running.until('1', (snapshot) => portOf(snapshot, 'a') === 1);
    for (const port of [2, 3, 4]) {
      await writeFile(at('.a.tmp'), service('a', port));
      await rename(at('.a.tmp'), at('a.yaml'));
      await running.until(String(port), (snapshot) => portOf(snapshot, 'a') === port);
    }
  });

  it('follows the links of a Kubernetes mount', async () => {
    await mkdir(at('mount', '..1'), { recursive: true });
    await writeFile(at('mount', '..1', 'a.yaml'), service('a', 1));
    await writeFile(at('mount', '..1', 'b.yaml'), service('b', 1));
    await symlink('..1', at('mount', '..data'));
    await symlink('..data/a.yaml', at('mount', 'a.yaml'));
    await symlink('..data/b.yaml', at('mount', 'b.yaml'));
    const running = run([at('mount')]);
    const before = await untilNames(running, ['a', 'b']);
    await mkdir(at('mount', '..2'));
    await writeFile(at('mount', '..2', 'a.yaml'), service('a', 2));
    await writeFile(at('mount', '..2', 'b.yaml'), service('b', 1));
    await symlink('..2', at('mount', '..data_tmp'));
    await rename(at('mount', '..data_tmp'), at('mount', '..data'));
    await rm(at('mount', '..1'), { recursive: true });
    const next = await running.until('2', (snapshot) => portOf(snapshot, 'a') === 2);
    assert.deepEqual(next.changed, [{ kind: 'Service', key: 'default/a' }]);
    assert.equal(next.objects.Service.get('default/b'), before.objects.Service.get('default/b'));
    assert.deepEqual(codes(next), []);
  });

  it('waits for a path that does not exist, and for a folder that is created again', async () => {
    const running = run([at('later', 'm')], 50);
    assert.deepEqual(codes(await running.until('missing', () => true)), ['TG0001']);
    await mkdir(at('later', 'm'), { recursive: true });
    await writeFile(at('later', 'm', 'a.yaml'), service('a'));
    assert.deepEqual(codes(await untilNames(running, ['a'])), []);
    await rm(at('later'), { recursive: true });
    assert.deepEqual(codes(await untilNames(running, [])), ['TG0001']);
    await mkdir(at('later', 'm'), { recursive: true });
    await writeFile(at('later', 'm', 'b.yaml'), service('b'));
    await untilNames(running, ['b']);
    await writeFile(at('later', 'm', 'b.yaml'), service('b', 81));
    await running.until('watched again', (snapshot) => portOf(snapshot, 'b') === 81);
  });

  it('keeps the last good content of a file that does not parse, and says where', async () => {
    await writeFile(at('a.yaml'), `${service('a')}---\n${service('b')}`);
    const running = run();
    const good = await untilNames(running, ['a', 'b']);
    await writeFile(at('a.yaml'), `${service('a', 81)}---\nkind: [\n`);
    const broken = await running.until('an error', (snapshot) => snapshot.diagnostics.length > 0);
    assert.deepEqual(broken.objects, good.objects);
    assert.deepEqual(broken.changed, []);
    const [problem] = broken.diagnostics;
    assert.deepEqual([problem?.code, problem?.file, problem?.line], ['TG0002', at('a.yaml'), 11]);
    assert.match(problem?.message ?? '', /last good content of the file stays in force/);
    await writeFile(at('a.yaml'), `${service('a', 81)}---\n${service('b')}`);
    const repaired = await running.until('repaired', (snapshot) => snapshot.diagnostics.length === 0);
    assert.deepEqual(repaired.changed, [{ kind: 'Service', key: 'default/a' }]);
  });

  it('uses the good documents of a file that was never good', async () => {
    await writeFile(at('a.yaml'), `${service('a')}---\nkind: [\n---\n${service('b')}`);
    const first = await untilNames(run(), ['a', 'b']);
    assert.deepEqual(codes(first), ['TG0002']);
  });

  it('does not take a file that is being written for its end', async () => {
    await writeFile(at('a.yaml'), `${service('a')}---\n${service('b')}`);
    const running = run();
    await untilNames(running, ['a', 'b']);
    for (let i = 0; i < 5; i++) {
      await truncate(at('a.yaml'));
      await writeFile(at('go.yaml'), service('go', i + 1));
      await running.until('go', (snapshot) => portOf(snapshot, 'go') === i + 1);
      await writeFile(at('a.yaml'), `${service('a')}---\n${service('b')}`);
    }
    for (const snapshot of running.snapshots.slice(1)) assert.ok(names(snapshot).includes('a'));
    await truncate(at('a.yaml'));
    await untilNames(running, ['go']);
  });

  it('takes the second of two equal names when the first goes', async () => {
    await writeFile(at('a.yaml'), service('x', 1));
    await writeFile(at('b.yaml'), service('x', 2));
    const running = run();
    const first = await running.until('1', (snapshot) => portOf(snapshot, 'x') === 1);
    assert.deepEqual(
      first.diagnostics.map(({ code, file, line, path }) => ({ code, file, line, path })),
      [{ code: 'TG0004', file: at('b.yaml'), line: 4, path: 'metadata.name' }],
    );
    await unlink(at('a.yaml'));
    const second = await running.until('2', (snapshot) => portOf(snapshot, 'x') === 2);
    assert.deepEqual(second.changed, [{ kind: 'Service', key: 'default/x' }]);
    assert.deepEqual(second.diagnostics, []);
  });

  it('reports what is no regular file and goes on', async () => {
    execFileSync('mkfifo', [at('fifo.yaml')]);
    await symlink('/dev/zero', at('zero.yaml'));
    await symlink('loop.yaml', at('loop.yaml'));
    await symlink('nowhere', at('dangling.yaml'));
    await symlink('.', at('self'));
    await mkdir(at('folder.yaml'));
    await writeFile(at('folder.yaml', 'a.yaml'), service('a'));
    const snapshot = await untilNames(run(), ['a']);
    const files = snapshot.diagnostics.map(({ code, file }) => `${code} ${file?.slice(folder.length + 1)}`).toSorted();
    assert.deepEqual(files, ['TG0001 dangling.yaml', 'TG0001 fifo.yaml', 'TG0001 loop.yaml', 'TG0001 zero.yaml']);
  });

  it('keeps what a file held that cannot be read any more', async () => {
    await writeFile(at('a.yaml'), service('a'));
    const running = run();
    await untilNames(running, ['a']);
    // Even root cannot read a link to itself.
    await symlink('a.yaml', at('loop'));
    await rename(at('loop'), at('a.yaml'));
    const next = await running.until('unreadable', (snapshot) => snapshot.diagnostics.length > 0);
    assert.deepEqual(codes(next), ['TG0001']);
    assert.deepEqual(names(next), ['a']);
  });

  it('refuses what is no UTF-8 text, at its line', async () => {
    await writeFile(at('a.yaml'), Buffer.concat([Buffer.from('a: 1\nb: '), Buffer.from([0xc3, 0x28])]));
    await writeFile(at('b.yaml'), 'a: 1\n\n\u0000');
    await writeFile(at('c.yaml'), `\uFEFF${service('c').replaceAll('\n', '\r\n')}`);
    const snapshot = await untilNames(run(), ['c']);
    assert.deepEqual(
      snapshot.diagnostics.map(({ code, line }) => `${code}:${line}`),
      ['TG0002:2', 'TG0002:3'],
    );
  });

  it('refuses a document over the limit while others stay', async () => {
    await writeFile(at('a.yaml'), service('a'));
    await writeFile(at('b.yaml'), `a: ${'x y: {[ '.repeat(1_200_000)}`);
    await writeFile(at('c.yaml'), '');
    await truncate(at('c.yaml'), 33 * 1024 * 1024);
    const snapshot = await untilNames(run(), ['a']);
    assert.deepEqual(codes(snapshot), ['TG0005', 'TG0005']);
  });

  it('follows an object to its new line', async () => {
    await writeFile(at('a.yaml'), service('a'));
    const running = run();
    const before = (await untilNames(running, ['a'])).objects.Service.get('default/a');
    assert.equal(before?.origin.locate(['spec', 'ports', 0, 'port'])?.line, 8);
    await writeFile(at('a.yaml'), `${service('b')}---\n${service('a')}`);
    const after = (await untilNames(running, ['a', 'b'])).objects.Service.get('default/a');
    assert.equal(after, before);
    assert.equal(after?.origin.locate(['spec', 'ports', 0, 'port'])?.line, 17);
    assert.equal(after?.origin.index, 1);
  });

  it('lets no change wait for a file that takes long, and has that file in the end', async () => {
    await writeFile(at('a.yaml'), service('a', 1));
    const running = run();
    await untilNames(running, ['a']);
    const ports = Array.from({ length: 20_000 }, (_, i) => `  - {name: p${i}, port: ${i + 1}}\n`).join('');
    await writeFile(
      at('slow.yaml'),
      `apiVersion: v1\nkind: Service\nmetadata: {name: slow}\nspec:\n  ports:\n${ports}`,
    );
    await writeFile(at('a.yaml'), service('a', 2));
    const next = await running.until('2', (snapshot) => portOf(snapshot, 'a') === 2);
    assert.deepEqual(names(next), ['a']);
    const last = await untilNames(running, ['a', 'slow']);
    assert.equal(last.objects.Service.get('default/slow')?.spec.ports.length, 20_000);
    assert.equal(last.objects.Service.get('default/slow')?.origin.locate(['spec', 'ports', 9, 'port'])?.line, 15);
    await unlink(at('slow.yaml'));
    await untilNames(running, ['a']);
  });

  it('has a slow file in its first snapshot, and ends while it parses one', async () => {
    const ports = Array.from({ length: 2_000 }, (_, i) => `  - {name: p${i}, port: ${i + 1}}\n`).join('');
    await writeFile(
      at('slow.yaml'),
      `apiVersion: v1\nkind: Service\nmetadata: {name: slow}\nspec:\n  ports:\n${ports}`,
    );
    const running = run();
    assert.deepEqual(names(await running.until('the first one', () => true)), ['slow']);
    assert.equal(running.snapshots.length, 1);
    await writeFile(at('hostile.yaml'), `[${','.repeat(1_000_000)}`);
    await writeFile(at('b.yaml'), service('b'));
    await untilNames(running, ['b', 'slow']);
    await running.stop();
  });

  it('stops parsing a file whose documents are all broken', async () => {
    await writeFile(at('a.yaml'), '---\n[\n'.repeat(1000));
    const { diagnostics } = await run().until('problems', ({ diagnostics }) => diagnostics.length > 0);
    assert.equal(diagnostics.length, 21);
    assert.match(diagnostics[0]?.message ?? '', /^980 documents are not read/);
  });
});
