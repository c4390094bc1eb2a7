// What a proxy presents to pilot, there and back.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createNode, parseNode } from './node.ts';

const options = {
  name: 'gw',
  namespace: 'ns',
  address: '10.0.0.1',
  labels: { a: 'b' },
  dataPlane: 'envoy',
  version: '1',
} as const;

describe('parseNode', () => {
  it('reads where the proxy is', () => {
    for (const locality of ['r/z/s', 'r/z', 'r'])
      assert.equal(parseNode(createNode({ ...options, locality })).locality, locality);
    assert.equal(parseNode(createNode({ ...options, nodeName: 'node-1' })).nodeName, 'node-1');
  });

  it('takes a proxy that says nothing of it', () => {
    const { locality, nodeName } = parseNode(createNode(options));
    assert.deepEqual([locality, nodeName], ['', '']);
  });
});
