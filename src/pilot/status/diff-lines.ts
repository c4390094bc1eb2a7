// A unified-style difference of two texts, for people.

const context = 2;
/** Above this the exact difference is not worth its time; the texts are then shown as a whole. */
const maxLines = 4000;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** Longest common subsequence over what is left between the equal beginning and the equal end. */
function compareMiddle(before: readonly string[], after: readonly string[]): readonly Line[] {
  const removed = before.map((text): Line => ({ mark: '-', text }));
  const added = after.map((text): Line => ({ mark: '+', text }));
  if (before.length * after.length > maxLines * maxLines) return [...removed, ...added];
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      lengths[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const left = before[i];
    const right = after[j];
    if (left !== undefined && left === right) {
      lines.push({ mark: ' ', text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ mark: '-', text: left });
      i += 1;
    } else if (right !== undefined) {
      lines.push({ mark: '+', text: right });
      j += 1;
    }
  }
  return lines;
}

/** Lines that differ, marked `-` and `+`, with a little context; `@@` where lines are left out. Empty if the texts are equal. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly string[] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  if (start === before.length && start === after.length) return [];
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  const keep = (text: string): Line => ({ mark: ' ', text });
  const lines: readonly Line[] = [
    ...before.slice(0, start).map(keep),
    ...compareMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(keep),
  ];
  const isNear = (index: number): boolean =>
    lines.slice(Math.max(0, index - context), index + context + 1).some(({ mark }) => mark !== ' ');
  const output: string[] = [];
  let isOpen = false;
  for (const [index, { mark, text }] of lines.entries()) {
    const shown = isNear(index);
    if (shown && !isOpen) output.push('@@');
    if (shown) output.push(`${mark}${text}`);
    isOpen = shown;
  }
  return output;
}
