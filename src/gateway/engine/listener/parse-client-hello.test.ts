// The ClientHello parser, with real handshakes and with arbitrary bytes.
import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import fc from 'fast-check';
import { type ClientHello, parseClientHello } from './parse-client-hello.ts';

/** What Node's own client says first. */
function clientHello(options: tls.ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const server = net.createServer((socket) =>
      socket.once('data', (bytes: Buffer) => {
        socket.destroy();
        server.close();
        resolve(bytes);
      }),
    );
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      tls.connect({ host: '127.0.0.1', port, ...options }).on('error', () => {});
    });
  });
}

describe('parseClientHello', () => {
  it('finds server name and protocols of a real client', async () => {
    const bytes = await clientHello({ servername: 'A.Example.com', ALPNProtocols: ['h2', 'http/1.1'] });
    assert.deepEqual(parseClientHello(bytes), {
      kind: 'hello',
      serverName: 'a.example.com',
      applicationProtocols: ['h2', 'http/1.1'],
    });
  });

  it('finds neither where the client sends neither', async () => {
    const bytes = await clientHello({ maxVersion: 'TLSv1.2' });
    assert.deepEqual(parseClientHello(bytes), { kind: 'hello', serverName: undefined, applicationProtocols: [] });
  });

  it('waits for the rest of a message', async () => {
    const bytes = await clientHello({ servername: 'a.example.com' });
    for (let length = 0; length < bytes.length; length++)
      assert.equal(parseClientHello(bytes.subarray(0, length)).kind, 'incomplete', `${length} bytes`);
    assert.equal(parseClientHello(Buffer.concat([bytes, Buffer.from('more')])).kind, 'hello');
  });

  it('joins a message that is spread over records', async () => {
    const bytes = await clientHello({ servername: 'a.example.com', ALPNProtocols: ['h2'] });
    const message = bytes.subarray(5);
    const record = (part: Buffer): Buffer =>
      Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: message.length - 1 }), (at) => {
        const split = Buffer.concat([record(message.subarray(0, at)), record(message.subarray(at))]);
        assert.deepEqual(parseClientHello(split), parseClientHello(bytes));
      }),
    );
  });

  it('tells plain text from TLS by the first bytes', () => {
    assert.equal(parseClientHello(Buffer.from('GET / HTTP/1.1\r\n')).kind, 'not-tls');
    assert.equal(parseClientHello(Buffer.from([22, 1])).kind, 'not-tls');
    assert.equal(parseClientHello(Buffer.from('ping')).kind, 'incomplete');
    assert.equal(parseClientHello(Buffer.alloc(0)).kind, 'incomplete');
  });

  it('never throws and stays within its bound, whatever bytes come', async () => {
    const bytes = await clientHello({ servername: 'a.example.com', ALPNProtocols: ['h2'] });
    const kinds: ClientHello['kind'][] = ['incomplete', 'not-tls', 'malformed', 'hello'];
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 64 }), (at, value, tail) => {
        const damaged = Buffer.concat([bytes, Buffer.from(tail)]);
        damaged[at] = value;
        assert.ok(kinds.includes(parseClientHello(damaged).kind));
        assert.ok(kinds.includes(parseClientHello(Buffer.from([22, 3, 1, ...tail])).kind));
      }),
      { numRuns: 500 },
    );
    assert.equal(
      parseClientHello(Buffer.concat([Buffer.from([22, 3, 1, 64, 0, 1, 0, 63, 255]), Buffer.alloc(16 * 1024)])).kind,
      'malformed',
    );
  });
});
