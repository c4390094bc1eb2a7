// Gives the demo's MySQL server TLS: mysql2 speaks the protocol in plaintext only, and current MariaDB clients insist on TLS.
import type net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';

/** CLIENT_SSL of the capability flags (MySQL protocol, Protocol::HandshakeResponse). */
export const clientSsl = 0x0800;
const headerBytes = 4;
const sslRequestBytes = 32;

/**
 * A stream for mysql2 in front of a client's socket. A client that asks for TLS sends, as its first packet, the 32-byte
 * SSLRequest with sequence number 1, then everything else encrypted. That packet is taken out here, which leaves mysql2 one
 * number behind in the rest of the handshake: its packets are renumbered until the first command.
 */
export function createMysqlTlsStream(socket: net.Socket, secureContext: tls.SecureContext): Duplex {
  let transport: net.Socket = socket;
  let handshaken = false;
  let renumber = 0;
  let first = Buffer.alloc(0);

  const stream = new Duplex({
    read: () => void transport.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      // Replies of the handshake are single small packets, written whole.
      if (renumber > 0 && chunk.length > 3) chunk[3] = ((chunk[3] ?? 0) + renumber) & 0xff;
      transport.write(chunk, (error) => done(error));
    },
    final: (done) => {
      transport.end();
      done();
    },
    destroy: (error, done) => {
      transport.destroy();
      done(error);
    },
  });

  const deliver = (chunk: Buffer): void => {
    // A command starts again at 0; the answer to the handshake was the last that had to be renumbered.
    if (renumber > 0 && chunk[3] === 0) renumber = 0;
    else if (renumber > 0 && chunk.length > 3) chunk[3] = ((chunk[3] ?? 0) - renumber) & 0xff;
    if (!stream.push(chunk)) transport.pause();
  };
  const watch = (from: net.Socket, onData: (chunk: Buffer) => void): void => {
    from.on('data', onData);
    from.on('end', () => stream.push(null));
    from.on('close', () => stream.destroy());
    from.on('error', () => stream.destroy());
  };

  watch(socket, (chunk) => {
    if (handshaken) {
      deliver(chunk);
      return;
    }
    first = Buffer.concat([first, chunk]);
    if (first.length < headerBytes + 4) return;
    handshaken = true;
    const asksTls = first.readUIntLE(0, 3) === sslRequestBytes && (first.readUInt32LE(headerBytes) & clientSsl) !== 0;
    if (!asksTls) {
      deliver(first);
      return;
    }
    renumber = 1;
    socket.removeAllListeners('data');
    socket.removeAllListeners('end');
    socket.pause();
    const rest = first.subarray(headerBytes + sslRequestBytes);
    if (rest.length > 0) socket.unshift(rest);
    transport = new tls.TLSSocket(socket, { isServer: true, secureContext });
    watch(transport, deliver);
  });
  return stream;
}
