// Cuts a stream of text into lines, whatever its chunks, in bounded memory.

/** Feeds chunks in, calls back per line without its end. A longer line than the limit (UTF-16 code units) is cut, its rest dropped. */
export function createLineSplitter(onLine: (line: string) => void, maxLength = 64 * 1024): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      const line = rest + chunk.slice(start, Math.min(end, start + maxLength));
      onLine(line.slice(0, maxLength));
      rest = '';
      start = end + 1;
    }
    if (rest.length < maxLength) rest += chunk.slice(start, start + maxLength);
  };
}
