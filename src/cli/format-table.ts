// Columns for people: padded, without borders, so that `awk` and `cut` work on them too.

/** Colours a cell after its width is known. */
export type CellStyle = (text: string, column: number) => string;

/** One line per row, headings first; the last column is not padded. */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  style: CellStyle = (text) => text,
): string {
  const widths = headings.map((heading, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), heading.length),
  );
  const pad = (text: string, column: number): string =>
    column === headings.length - 1 ? text : text.padEnd(widths[column] ?? 0);
  const line = (row: readonly string[], paint: CellStyle): string =>
    row
      .map((cell, column) => paint(pad(cell, column), column))
      .join('   ')
      .trimEnd();
  return [line(headings, (text) => text), ...rows.map((row) => line(row, style))].join('\n');
}
