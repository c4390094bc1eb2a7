// Reads the imports of our sources with a real parser, for the architecture test.
import fs from 'node:fs';
import path from 'node:path';
import { parseSync } from 'oxc-parser';
import type { ImportEdge } from './import-law.ts';

/** Relative specifiers of static imports, re-exports and `import('…')` with a literal; type imports count. */
export function importSpecifiers(file: string, text: string): string[] {
  const { module, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const specifiers = [
    ...module.staticImports.map((entry) => entry.moduleRequest.value),
    ...module.staticExports.flatMap((entry) => entry.entries.map((each) => each.moduleRequest?.value)),
    ...module.dynamicImports.map((entry) => text.slice(entry.moduleRequest.start + 1, entry.moduleRequest.end - 1)),
    // `import('./x.ts').Type` in a type position is not in the module record.
    ...[...text.matchAll(/\bimport\('([^']+)'\)/g)].map((match) => match[1]),
  ];
  return [...new Set(specifiers.filter((specifier): specifier is string => specifier?.startsWith('.') === true))];
}

export interface SourceFile {
  /** Relative to src/, with slashes. */
  readonly file: string;
  readonly text: string;
}

export function readSources(source: string): SourceFile[] {
  return fs
    .readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => file.endsWith('.ts') && !file.startsWith('xds/generated/'))
    .toSorted()
    .map((file) => ({ file, text: fs.readFileSync(path.join(source, file), 'utf8') }));
}

/** Generated files are leaves of xds/, tests are left out: they may compose what the flow may not. */
export function readEdges(sources: readonly SourceFile[]): ImportEdge[] {
  return sources
    .filter(({ file }) => !file.endsWith('.test.ts'))
    .flatMap(({ file, text }) =>
      importSpecifiers(file, text).map((specifier) => ({
        from: file,
        to: path.posix.join(path.posix.dirname(file), specifier),
      })),
    );
}
