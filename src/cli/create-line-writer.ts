// Access log lines to standard output: gathered into few writes, and dropped where nobody reads them.

/** What the stream offers beyond writing: how much of it waits for the reader. */
export interface LineStream {
  readonly writableLength?: number;
  write(text: string): unknown;
}

/** A pipe whose reader is stuck would otherwise fill memory: Node's writes to pipes do not block. */
const maxWaiting = 16 * 1024 * 1024;

export function createLineWriter(stream: LineStream, onDropped: (count: number) => void): (line: string) => void {
  let gathered: string[] = [];
  let dropped = 0;

  const flush = (): void => {
    const lines = gathered;
    gathered = [];
    if ((stream.writableLength ?? 0) > maxWaiting) {
      dropped += lines.length;
      return;
    }
    if (dropped > 0) {
      onDropped(dropped);
      dropped = 0;
    }
    stream.write(`${lines.join('\n')}\n`);
  };

  return (line) => {
    gathered.push(line);
    if (gathered.length === 1) setImmediate(flush);
  };
}
