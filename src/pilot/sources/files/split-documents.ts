// Cuts a file's text into YAML documents without parsing it, so that only those that changed need to be parsed.

export interface DocumentText {
  /** From behind its `---` line up to the next one; with it where directives or content stand there too. */
  readonly text: string;
  /** Line of its first character in the file, from 1. */
  readonly line: number;
}

/** `---` and `...` count at the start of a line, followed by white space or its end: even in a block scalar (YAML 1.2, 9.1.2). */
const marker = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;

/**
 * The documents in their order; put together they are the text again. Pieces without content (only comments, blank
 * lines, markers) are among them: `hasContent` tells. Cutting ends at about `limit` pieces, with the rest in the last.
 */
export function splitDocuments(text: string, limit = Number.POSITIVE_INFINITY): readonly DocumentText[] {
  const documents: DocumentText[] = [];
  let start = 0;
  let line = 1;
  const cut = (end: number): void => {
    if (end === start) return;
    const piece = text.slice(start, end);
    documents.push({ text: piece, line });
    line += countLines(piece);
    start = end;
  };
  for (const { 0: found, index } of text.matchAll(marker)) {
    if (documents.length >= limit) break;
    const lineEnd = text.indexOf('\n', index);
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    // Directives belong to the document behind their marker.
    if (found === '---' && hasDirective(text.slice(start, index))) continue;
    if (found === '---') cut(index);
    // Without its marker a document stays the same text when it becomes the first one of the file.
    if (found === '...' || !hasContent(text.slice(index, end))) cut(end);
  }
  cut(text.length);
  return documents;
}

const contentLine = /^(?!(?:---|\.\.\.)?[ \t]*(?:#.*)?\r?$)./m;
const lineBesideDirectives = /^(?!%|[ \t]*(?:#.*)?\r?$)./m;

/** False for a document of nothing but comments, blank lines and markers. */
export function hasContent(document: string): boolean {
  return contentLine.test(document);
}

/** True for directives, with nothing but comments and blank lines around them. */
function hasDirective(text: string): boolean {
  return (text.startsWith('%') || text.includes('\n%')) && !lineBesideDirectives.test(text);
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
