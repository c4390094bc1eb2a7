// appProtocol before the name, as Istio reads them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backendProtocol } from './backend-protocol.ts';

const of = (name: string, appProtocol?: string) => backendProtocol({ name, appProtocol });

describe('backendProtocol', () => {
  it('reads the first word of the name', () => {
    assert.equal(of('http'), 'http1');
    assert.equal(of('HTTP-web'), 'http1');
    assert.equal(of('http2-web'), 'http2');
    assert.equal(of('grpc'), 'http2');
    assert.equal(of('grpc-web-x'), 'http2');
    assert.equal(of('tcp-mysql'), 'tcp');
  });

  it('does not guess from the middle of a word', () => {
    for (const name of ['', 'web', 'httpx', 'my-http', 'constructor', '__proto__'])
      assert.equal(of(name), 'unknown', name);
  });

  it('prefers appProtocol, and falls back on the name where it does not know it', () => {
    assert.equal(of('http2', 'http'), 'http1');
    assert.equal(of('web', 'kubernetes.io/h2c'), 'http2');
    assert.equal(of('http', 'GRPC'), 'http2');
    assert.equal(of('http2', 'example.com/own'), 'http2');
  });
});
