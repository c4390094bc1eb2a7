// What a connection has carried since the last look: looked at when somebody reads, and at its end.
import type { Socket } from 'node:net';

export function countBytes(socket: Socket, add: (received: number, sent: number) => void): () => void {
  let received = 0;
  let sent = 0;
  return () => {
    const { bytesRead, bytesWritten } = socket;
    add(bytesRead - received, bytesWritten - sent);
    received = bytesRead;
    sent = bytesWritten;
  };
}
