// How one side of an HTTP/1.1 exchange writes its header names, for the other side: Envoy's preserve_case.
import type { HeaderList } from './header-list.ts';

/** Name in lower case → as it was written first. */
export type HeaderCase = ReadonlyMap<string, string>;

/** `raw`: names and values in turn. */
export function headerCaseOf(raw: readonly string[]): HeaderCase {
  const written = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const lower = name.toLowerCase();
    if (!written.has(lower)) written.set(lower, name);
  }
  return written;
}

/** Names that nobody has written stay. A new list. */
export function withHeaderCase(headers: HeaderList, written: HeaderCase): HeaderList {
  return headers.map((text, i) => (i % 2 === 0 ? (written.get(text) ?? text) : text));
}
