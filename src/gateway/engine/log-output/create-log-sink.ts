// One file that lines are appended to: opened late, written in batches, opened again when it was rotated away.
import fs from 'node:fs/promises';
import type { Logger } from '../../../lib/logger.ts';

export interface LogSink {
  write(line: string): void;
  readonly dropped: number;
  close(): Promise<void>;
}

export interface LogSinkOptions {
  /** Milliseconds that lines are gathered. */
  readonly batchMs?: number;
  /** Characters that may wait; further lines are dropped and counted. */
  readonly maxWaiting?: number;
}

interface Target {
  /** Appends all of it. */
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

export function createLogSink(path: string, logger: Logger, options: LogSinkOptions = {}): LogSink {
  const batchMs = options.batchMs ?? 20;
  const maxWaiting = options.maxWaiting ?? 8 * 1024 * 1024;
  const target = targetOf(path);
  let lines: string[] = [];
  let waiting = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let failed = false;

  const flush = async (): Promise<void> => {
    timer = undefined;
    while (lines.length > 0) {
      const batch = lines.join('');
      const count = lines.length;
      lines = [];
      waiting = 0;
      try {
        await target.append(batch);
        failed = false;
      } catch (error) {
        dropped += count;
        if (!failed) logger.warn({ path, error: String(error) }, 'access log cannot be written');
        failed = true;
      }
    }
    writing = undefined;
  };

  return {
    get dropped() {
      return dropped;
    },
    write: (line) => {
      if (waiting + line.length > maxWaiting) {
        dropped++;
        return;
      }
      lines.push(line);
      waiting += line.length;
      if (writing || timer) return;
      timer = setTimeout(() => {
        writing = flush();
      }, batchMs);
      timer.unref();
    },
    close: async () => {
      clearTimeout(timer);
      await (writing ?? flush());
      if (lines.length > 0) await flush();
      await target.close();
    },
  };
}

const descriptors: Readonly<Record<string, number>> = { '/dev/stdout': 1, '/dev/stderr': 2 };

function targetOf(path: string): Target {
  const descriptor = descriptors[path];
  return descriptor === undefined ? fileTarget(path) : descriptorTarget(descriptor);
}

/** The process's own streams: Node knows whether they are a pipe, a terminal or a file. */
function descriptorTarget(descriptor: number): Target {
  const stream = descriptor === 2 ? process.stderr : process.stdout;
  return {
    append: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => {},
  };
}

function fileTarget(path: string): Target {
  let handle: fs.FileHandle | undefined;
  let inode = 0;
  let checkedAt = 0;

  /** A rotated file has another inode under its name, or none: lines belong into the new one. */
  const open = async (): Promise<fs.FileHandle> => {
    const now = performance.now();
    if (handle && now - checkedAt < 1000) return handle;
    checkedAt = now;
    if (handle) {
      const present = await fs.stat(path).catch(() => undefined);
      if (present?.ino === inode) return handle;
      await handle.close();
      handle = undefined;
    }
    handle = await fs.open(path, 'a', 0o644);
    inode = (await handle.stat()).ino;
    return handle;
  };

  return {
    append: async (text) => {
      const file = await open();
      await file.appendFile(text);
    },
    close: async () => {
      await handle?.close();
      handle = undefined;
    },
  };
}
