// Finds the documents of a file's last version in its new one, in their order: what changed place among others is new.

/**
 * For each of `next` the document of `previous` with the same text. Matches never cross, since the order of objects in
 * a file has a meaning; equal beginnings and ends are matched first, so that an edit costs what it changed.
 */
export function matchDocuments<T extends { readonly text: string }>(
  previous: readonly T[],
  next: readonly { readonly text: string }[],
): readonly (T | undefined)[] {
  const matches = new Array<T | undefined>(next.length).fill(undefined);
  const same = (i: number, j: number): boolean => previous[i]?.text === next[j]?.text;

  const shorter = Math.min(previous.length, next.length);
  let head = 0;
  while (head < shorter && same(head, head)) {
    matches[head] = previous[head];
    head += 1;
  }
  let tail = 0;
  while (tail < shorter - head && same(previous.length - 1 - tail, next.length - 1 - tail)) {
    tail += 1;
    matches[next.length - tail] = previous[previous.length - tail];
  }

  const places = new Map<string, number[]>();
  for (let i = previous.length - tail - 1; i >= head; i--) {
    const text = previous[i]?.text ?? '';
    const known = places.get(text);
    if (known) known.push(i);
    else places.set(text, [i]);
  }
  let last = -1;
  for (let j = head; j < next.length - tail; j++) {
    const candidates = places.get(next[j]?.text ?? '');
    while (candidates && (candidates.at(-1) ?? 0) <= last && candidates.length > 0) candidates.pop();
    const found = candidates?.pop();
    if (found === undefined) continue;
    last = found;
    matches[j] = previous[found];
  }
  return matches;
}
