// A FIFO that a child writes to and we read line by line: unlike Node's pipes (sockets), `/dev/stdout` on it can be opened again.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { createLineSplitter } from './split-lines.ts';

export interface Fifo {
  /** For the child's stdio. Kept open here too, so that the end of one child is not the end of the FIFO. */
  readonly writeFd: number;
  close(): void;
}

/** Throws if the file cannot be made. */
export function openFifo(file: string, onLine: (line: string) => void): Fifo {
  execFileSync('mkfifo', ['-m', '600', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  // In this order neither open waits: a reader that does not block, then a writer that finds a reader.
  const readFd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const writeFd = fs.openSync(file, fs.constants.O_WRONLY);
  const socket = new net.Socket({ fd: readFd, readable: true, writable: false });
  socket.setEncoding('utf8').on('data', createLineSplitter(onLine));
  socket.on('error', () => socket.destroy());
  return {
    writeFd,
    close() {
      fs.closeSync(writeFd);
      socket.destroy();
    },
  };
}
