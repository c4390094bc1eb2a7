// The access log sink: batched writes, rotation and bounds, with real files.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silentLogger } from '../../../lib/logger.ts';
import { until } from '../engine-fixture.ts';
import { createLogSink } from './create-log-sink.ts';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidegate-log-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const read = (file: string): string => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');

describe('createLogSink', () => {
  it('appends in order and writes what waits when it closes', async () => {
    const file = path.join(folder, 'access.log');
    fs.writeFileSync(file, 'before\n');
    const sink = createLogSink(file, silentLogger, { batchMs: 1 });
    for (let i = 0; i < 100; i++) sink.write(`line ${i}\n`);
    await until(() => read(file).includes('line 99\n'));
    sink.write('last\n');
    await sink.close();
    assert.equal(read(file), `before\n${Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join('')}last\n`);
    assert.equal(sink.dropped, 0);
  });

  it('goes on in a new file when the old one was rotated away', async () => {
    const file = path.join(folder, 'access.log');
    const sink = createLogSink(file, silentLogger, { batchMs: 1 });
    sink.write('one\n');
    await until(() => read(file) === 'one\n');
    fs.renameSync(file, `${file}.1`);
    const twos = setInterval(() => sink.write('two\n'), 20);
    await until(() => read(file).startsWith('two\n'));
    clearInterval(twos);
    await sink.close();
    assert.match(read(`${file}.1`), /^one\n(two\n)*$/);
  });

  it('drops and counts what is too much or cannot be written', async () => {
    const file = path.join(folder, 'access.log');
    const small = createLogSink(file, silentLogger, { maxWaiting: 10 });
    small.write('12345678\n');
    small.write('12345678\n');
    assert.equal(small.dropped, 1);
    await small.close();
    assert.equal(read(file), '12345678\n');
    const nowhere = createLogSink(path.join(folder, 'no', 'such', 'folder'), silentLogger, { batchMs: 1 });
    nowhere.write('x\n');
    await until(() => nowhere.dropped === 1);
    await nowhere.close();
  });
});
