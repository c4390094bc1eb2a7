// Reads durations of manifests ("1.5s", "1h30m") as Go's time.ParseDuration does, which is how Istio reads them.

const nanosecondsOf: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const part = /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;

/** Go keeps durations in a signed 64-bit integer. */
const largest = 2n ** 63n - 1n;

/** Nanoseconds, or undefined for text that Go refuses. */
export function parseGoDuration(text: string): bigint | undefined {
  const negative = text.startsWith('-');
  const unsigned = negative || text.startsWith('+') ? text.slice(1) : text;
  if (unsigned === '0') return 0n;
  const total = sumOfParts(unsigned);
  if (total === undefined || total > (negative ? largest + 1n : largest)) return undefined;
  return negative ? -total : total;
}

function sumOfParts(text: string): bigint | undefined {
  if (text === '') return undefined;
  let total = 0n;
  let at = 0;
  while (at < text.length) {
    part.lastIndex = at;
    const found = part.exec(text);
    if (found === null) return undefined;
    const [whole, integer = '', fraction = '', unit = ''] = found;
    const scale = nanosecondsOf[unit];
    if (scale === undefined || integer + fraction === '') return undefined;
    // Digits beyond a nanosecond are cut off, not rounded.
    total += BigInt(integer || '0') * scale + (BigInt(fraction || '0') * scale) / 10n ** BigInt(fraction.length);
    at += whole.length;
  }
  return total;
}
