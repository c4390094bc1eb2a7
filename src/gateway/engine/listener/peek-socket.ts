// Looks at the first bytes of a connection and puts them back, so that whoever serves it sees them too.
import type { Socket } from 'node:net';

export type Peeked =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'closed' };

/**
 * Reads until `enough` says so; the socket is paused afterwards. `timeoutMs` of 0 is no limit.
 * `enough` must say so within a bounded number of bytes.
 */
export function peekSocket(
  socket: Socket,
  timeoutMs: number,
  enough: (bytes: Buffer) => boolean,
  done: (peeked: Peeked) => void,
  /** How many of the bytes are not put back. */
  consumed: () => number = () => 0,
): void {
  let held: Buffer | undefined;
  const timer = timeoutMs > 0 ? setTimeout(() => finish({ kind: 'timeout' }), timeoutMs) : undefined;
  const finish = (peeked: Peeked): void => {
    clearTimeout(timer);
    socket.removeListener('data', onData);
    socket.removeListener('close', onClosed);
    socket.removeListener('end', onClosed);
    socket.pause();
    if (peeked.kind === 'bytes' && peeked.bytes.length > consumed()) socket.unshift(peeked.bytes.subarray(consumed()));
    done(peeked);
  };
  const onClosed = (): void => finish({ kind: 'closed' });
  const onData = (chunk: Buffer): void => {
    held = held ? Buffer.concat([held, chunk]) : chunk;
    if (enough(held)) finish({ kind: 'bytes', bytes: held });
  };
  socket.on('data', onData);
  socket.once('close', onClosed);
  socket.once('end', onClosed);
  // Whoever looked before left it paused.
  socket.resume();
}
