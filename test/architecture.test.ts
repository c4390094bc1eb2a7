// Proves what ARCHITECTURE.md promises of the source tree; first that the checks catch planted violations.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { importCycles, importLaw, importViolations, ruleFor } from './architecture/import-law.ts';
import { importSpecifiers, readEdges, readSources, type SourceFile } from './architecture/read-imports.ts';

const sources = readSources(path.join(import.meta.dirname, '../src'));
const edges = readEdges(sources);
const shipped = sources.filter(({ file }) => !file.endsWith('.test.ts'));

/** Text without comments, so that an example in a docstring is no violation. */
const code = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '');

const wireNames =
  /['"`](?:outbound\||file-cert:|file-root:|kubernetes:\/\/|blackhole:|BlackHoleCluster|xds-grpc|sds-grpc|https?\.\$\{|router~|type\.googleapis\.com\/envoy\.(?:config|extensions)[^'"`]*\.(?:Cluster|ClusterLoadAssignment|Listener|RouteConfiguration|Secret)['"`])/;
const wireNameHomes = new Set(['xds/resource-names.ts', 'xds/type-urls.ts']);
const wireNameViolations = (files: readonly SourceFile[]): string[] =>
  files
    .filter(({ file, text }) => !wireNameHomes.has(file) && wireNames.test(code(text)))
    .map(({ file, text }) => `${file}: ${wireNames.exec(code(text))?.[0]}`);

describe('the architecture checks', () => {
  it('see imports, re-exports, type imports, type queries and dynamic imports', () => {
    const text = `import a from './a.ts'; import type { B } from './b.ts'; export * from './c.ts'; export type { D } from './d.ts';
      const e = () => import('./e.ts'); type F = import('./f.ts').F; import 'node:fs';`;
    assert.deepEqual(importSpecifiers('x.ts', text).toSorted(), [
      './a.ts',
      './b.ts',
      './c.ts',
      './d.ts',
      './e.ts',
      './f.ts',
    ]);
  });

  it('catch a forbidden import, a folder without a rule, a cycle and a wire name', () => {
    assert.equal(importViolations([{ from: 'pilot/translate/x.ts', to: 'pilot/resources/gateway.ts' }]).length, 1);
    assert.equal(importViolations([{ from: 'gateway/envoy/x.ts', to: 'gateway/engine/y.ts' }]).length, 1);
    assert.equal(importViolations([{ from: 'elsewhere/x.ts', to: 'lib/y.ts' }]).length, 1);
    assert.deepEqual(
      importCycles([
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
        { from: 'c', to: 'a' },
      ]),
      [['a', 'b', 'c', 'a']],
    );
    assert.equal(wireNameViolations([{ file: 'pilot/x.ts', text: 'const n = `outbound|' + '80||a`;' }]).length, 1);
    assert.equal(
      wireNameViolations([{ file: 'pilot/x.ts', text: '/** `outbound|80||a` */\n// "file-cert:"' }]).length,
      0,
    );
  });
});

describe('the source tree', () => {
  it('has files and imports to check', () => {
    assert.ok(shipped.length > 20 && edges.length > 20);
  });

  it('obeys the import law', () => {
    assert.deepEqual(importViolations(edges), []);
  });

  it('has a reason and at least one file for each rule of the import law', () => {
    for (const rule of importLaw) {
      assert.ok(rule.reason.length > 10, rule.folder);
      if (rule.folder !== 'insight')
        assert.ok(
          shipped.some(({ file }) => ruleFor(file) === rule),
          `no file under ${rule.folder}`,
        );
    }
  });

  it('has no import cycles, types included', () => {
    assert.deepEqual(importCycles(edges), []);
  });

  it('names wire resources in one place', () => {
    assert.deepEqual(wireNameViolations(shipped), []);
  });

  it('opens each file with a sentence on its place in the flow', () => {
    assert.deepEqual(
      sources.filter(({ text }) => !/^(?:#!.*\n)?\/\/ \S/.test(text)).map(({ file }) => file),
      [],
    );
  });

  it('has no TODO, no default export and no folder or file named for nothing', () => {
    assert.deepEqual(
      sources.filter(({ text }) => /\b(?:TODO|FIXME|XXX)\b/.test(text)).map(({ file }) => file),
      [],
    );
    assert.deepEqual(
      sources.filter(({ text }) => /^export default/m.test(text)).map(({ file }) => file),
      [],
    );
    assert.deepEqual(
      sources
        .filter(({ file }) => /(?:^|\/)(?:utils?|helpers?|managers?|common)(?:\/|\.|-)/.test(file))
        .map(({ file }) => file),
      [],
    );
  });

  it('keeps files to what a person reads in one sitting', () => {
    assert.deepEqual(
      shipped
        .filter(({ text }) => text.split('\n').length > 450)
        .map(({ file, text }) => `${file}: ${text.split('\n').length} lines`),
      [],
    );
  });
});
