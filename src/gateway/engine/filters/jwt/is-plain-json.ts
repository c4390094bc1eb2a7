// Whether all who read a JSON text see the same in it (RFC 7493): no key twice, no number or depth that others refuse.

/** Strings, numbers, and what opens, parts and closes. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\]:]/gs;

/** Of protobuf's JSON, which Envoy reads tokens with. */
const maxDepth = 100;

/** `text` is valid JSON. */
export function isPlainJson(text: string): boolean {
  /** Keys of the objects that are open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key = JSON.parse(last) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return false;
      keys?.add(key);
    } else if (token.startsWith('"')) {
      if (token.includes('\\') && !(JSON.parse(token) as string).isWellFormed()) return false;
    } else if (!Number.isFinite(Number(token))) return false;
    if (open.length > maxDepth) return false;
    last = token;
  }
  return true;
}
