// The headers of a message on their way through the engine: one flat list, as both codecs read and write it.

/** Name, value, name, value …: names in lower case, in the order received, repeated ones repeated. */
export type HeaderList = string[];

/** All values of a name, joined with a comma as Envoy joins them; undefined if there is none. */
export function getHeader(headers: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    const value = headers[i + 1] ?? '';
    found = found === undefined ? value : `${found},${value}`;
  }
  return found;
}

/** Headers that Envoy keeps once: a further value goes behind the one that is there. */
export const keptOnce: ReadonlySet<string> = new Set([
  ...[
    'connection',
    'content-length',
    'content-type',
    'grpc-timeout',
    'keep-alive',
    'proxy-connection',
    'te',
    'upgrade',
  ],
  ...['user-agent', 'via', 'x-forwarded-client-cert', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
  ...['x-request-id', 'x-envoy-decorator-operation', 'x-envoy-external-address', 'x-envoy-original-path'],
]);

/** What command operators see of a name: Envoy shows the first of several values, unless it keeps them as one. */
export function shownHeader(headers: readonly string[], name: string): string | undefined {
  if (keptOnce.has(name)) return getHeader(headers, name);
  const at = headers.findIndex((text, i) => i % 2 === 0 && text === name);
  return at < 0 ? undefined : headers[at + 1];
}

/** Makes a list of what Node read off the wire; names become lower case. */
export function fromRawHeaders(raw: readonly string[]): HeaderList {
  const headers: HeaderList = new Array(raw.length);
  for (let i = 0; i < raw.length; i += 2) {
    headers[i] = (raw[i] ?? '').toLowerCase();
    headers[i + 1] = raw[i + 1] ?? '';
  }
  return headers;
}

/** In place: one value instead of all that are there. */
export function setHeader(headers: HeaderList, name: string, value: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i] === name) headers.splice(i, 2);
  headers.push(name, value);
}

/** Text of the configuration as headers have it here: one character per byte. */
export function toWireText(text: string): string {
  return /[^\0-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** Whether a comma-separated header names this token; case does not count. */
export function hasToken(value: string | undefined, token: string): boolean {
  if (value === undefined) return false;
  const lower = value.toLowerCase();
  if (lower === token) return true;
  return lower.includes(token) && lower.split(',').some((part) => part.trim() === token);
}

/** `application/grpc` or `application/grpc+proto`: such requests are answered in gRPC's own way. */
export function isGrpcContentType(value: string | undefined): boolean {
  return value !== undefined && (value === 'application/grpc' || value.startsWith('application/grpc+'));
}

/** As HTTP/1.1 writes them, each with its line end. */
export function formatHeaderLines(headers: HeaderList): string {
  let text = '';
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return text;
}

/** A new list. */
export function withoutHeaders(headers: HeaderList, names: { has(name: string): boolean }): HeaderList {
  const kept: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!names.has(name)) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}
