// What pilot makes of a change, step by step, is what it would make of everything from scratch: ten thousand random changes, half of them with scoped routes.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Diagnostic } from '../../src/lib/diagnostic.ts';
import { PersistentMap } from '../../src/lib/incremental/persistent-map.ts';
import type { RouteMode } from '../../src/lib/route-mode.ts';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import { buildPortTable } from '../../src/pilot/model/build-port-table.ts';
import { buildProxyView } from '../../src/pilot/model/build-proxy-view.ts';
import type { Model } from '../../src/pilot/model/model.ts';
import type { ProxyClass } from '../../src/pilot/model/proxy-class.ts';
import { buildResources } from '../../src/pilot/patch/build-resources.ts';
import { type Assembly, assembleSnapshot } from '../../src/pilot/sources/files/assemble-snapshot.ts';
import type { FileContent } from '../../src/pilot/sources/files/file-content.ts';
import { parseFileText } from '../../src/pilot/sources/files/snapshot-from-text.ts';

/** In each way. */
const steps = 5_000;
const stepsBetweenLooks = 15;
const now = Date.UTC(2026, 6, 1);

/** Where what is broken leaves what was good before in force, which nobody can know who begins anew. */
const remembers = /^kind: (?:ConfigMap|Secret)$/m;

/** By folder: those of one belong together. */
const folders: readonly (readonly string[])[] = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => readFileSync(join(import.meta.dirname, name, 'manifests.yaml'), 'utf8').split(/^---$/m))
  .map((texts) => texts.filter((text) => text.includes('kind:') && text.length < 6000 && !remembers.test(text)))
  .filter((texts) => texts.length > 0);

const settings: readonly string[] = [
  '',
  'ingressControllerMode: DEFAULT',
  'defaultVirtualServiceExportTo: ["."]',
  'accessLogFile: /dev/stdout',
].map(
  (mesh) =>
    `kind: ConfigMap\napiVersion: v1\nmetadata: { name: istio, namespace: istio-system }\ndata: { mesh: '${mesh}' }\n`,
);
/** Few folders at a time, so that what refers to each other meets. */
const stepsWithSameFolders = 200;
const foldersAtOnce = 2;

function poolOf(step: number): readonly string[] {
  const first = Math.floor(step / stepsWithSameFolders) * foldersAtOnce;
  const together = Array.from({ length: foldersAtOnce }, (_, i) => folders[(first + i) % folders.length] ?? []);
  return [...together.flat(), ...settings];
}

const classes: readonly ProxyClass[] = [
  { namespace: 'istio-system', labels: { istio: 'ingressgateway' }, localNode: undefined },
  {
    namespace: 'istio-system',
    labels: { istio: 'ingressgateway' },
    localNode: { bind: '127.0.0.1', portMap: { 80: 8080 } },
  },
  { namespace: 'default', labels: { istio: 'ingressgateway', app: 'x' }, localNode: undefined },
];

const maxDocuments = 10;
const files = ['a.yaml', 'b.yaml', 'c/d.yaml'];

/** Numbers choose what happens: a document comes, goes, is replaced by another, changes place, or gets other lines. */
function change(
  texts: readonly string[],
  pool: readonly string[],
  [action, where, which]: readonly [number, number, number],
): readonly string[] {
  const what = action % 10;
  const at = texts.length === 0 ? 0 : where % texts.length;
  const text = pool[which % pool.length] ?? '';
  if (texts.length === 0 || (what < 4 && texts.length < maxDocuments)) return texts.toSpliced(at, 0, text);
  if (what < 6) return texts.toSpliced(at, 1);
  if (what < 8) return texts.toSpliced(at, 1, text);
  if (what < 9) return texts.toSpliced(at, 1).toSpliced(which % texts.length, 0, texts[at] ?? '');
  // The lines of all after it are others.
  return texts.toSpliced(at, 1, `# ${which}\n\n${texts[at]?.replace(/^(?:#.*\n\n)+/, '')}`);
}

const sortedDiagnostics = (diagnostics: readonly Diagnostic[]): readonly string[] =>
  [...new Set(diagnostics.map((diagnostic) => JSON.stringify(diagnostic)))].sort();

/** All that anybody may see of it. */
function look(model: Model, diagnostics: readonly Diagnostic[]): readonly unknown[] {
  return [
    sortedDiagnostics(diagnostics),
    ...classes.map((proxyClass) => [
      [...buildResources(model, proxyClass)].flatMap(([typeUrl, resources]) =>
        [...resources.values()]
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .map(({ name, version, bytes, references, owners }) => [
            typeUrl,
            name,
            version,
            Buffer.from(bytes).toString('base64'),
            references,
            owners,
          ]),
      ),
      buildPortTable(model, proxyClass),
      sortedDiagnostics(buildProxyView(model, proxyClass).diagnostics),
    ]),
  ];
}

for (const kind of ['shared', 'scoped'] as const)
  describe(`a change with ${kind} routes`, () => {
    const routeMode: RouteMode = { kind, scopedAbove: 0 };
    it(`leads where everything from scratch would lead, ${steps} times`, () => {
      // Without the small numbers that fast-check likes best: every document shall have its turn.
      const number = fc.noBias(fc.nat({ max: 1_000_000 }));
      const numbers = fc.sample(fc.tuple(number, number, number, number), { numRuns: steps, seed: kind.length });
      const texts = new Map<string, readonly string[]>(files.map((path) => [path, []]));
      let contents = PersistentMap.empty<FileContent>();
      let assembly: Assembly | undefined;
      let model: Model | undefined;
      for (const [step, [action, where, which, file]] of numbers.entries()) {
        const path = files[file % files.length] ?? '';
        texts.set(
          path,
          change(texts.get(path) ?? [], poolOf(step + (kind === 'scoped' ? steps : 0)), [action, where, which]),
        );
        const text = (texts.get(path) ?? []).join('\n---\n');
        contents = contents.change([[path, parseFileText(path, text, contents.get(path))]]);
        assembly = assembleSnapshot(assembly, contents, []);
        const built = buildModel(model, assembly.snapshot, now, undefined, undefined, routeMode);
        model = built.model;
        for (const proxyClass of classes) buildResources(model, proxyClass);
        if (step % stepsBetweenLooks !== 0) continue;
        const anew = PersistentMap.from(
          [...texts].map(([name, all]) => [name, parseFileText(name, all.join('\n---\n'), undefined)] as const),
        );
        const { snapshot } = assembleSnapshot(undefined, anew, []);
        const expected = buildModel(undefined, snapshot, now, undefined, undefined, routeMode);
        assert.deepEqual(
          sortedDiagnostics(assembly.snapshot.diagnostics),
          sortedDiagnostics(snapshot.diagnostics),
          `the snapshot after step ${step}`,
        );
        assert.deepEqual(
          look(model, built.diagnostics),
          look(expected.model, expected.diagnostics),
          `after step ${step}`,
        );
      }
    });
  });
