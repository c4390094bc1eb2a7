// The file source against the suite of all sources: one file for each object, and all objects in one file.
import { mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileSource } from '../../src/pilot/sources/files/create-file-source.ts';
import { type Manifest, sourceSuite } from './source-suite.ts';

const nameOf = ({ kind, metadata }: Manifest): string => `${kind}-${metadata.namespace}-${metadata.name}`;

sourceSuite('file source, one file for each object', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-source-'));
  return {
    source: createFileSource({ paths: [folder], pollIntervalMs: 60_000 }),
    apply: (manifest) => writeFile(join(folder, `${nameOf(manifest)}.json`), `${JSON.stringify(manifest)}\n`),
    remove: (manifest) => unlink(join(folder, `${nameOf(manifest)}.json`)),
    close: () => rm(folder, { recursive: true }),
  };
});

sourceSuite('file source, all objects in one file that is replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-source-'));
  const file = join(folder, 'all.yaml');
  const objects = new Map<string, Manifest>();
  const write = async (): Promise<void> => {
    // JSON is YAML; the first object stands last, so that others move.
    const text = [...objects.values()].toReversed().map((manifest) => `---\n${JSON.stringify(manifest, null, 2)}\n`);
    await writeFile(`${file}.tmp`, text.join(''));
    await rename(`${file}.tmp`, file);
  };
  return {
    source: createFileSource({ paths: [file], pollIntervalMs: 60_000 }),
    async apply(manifest) {
      objects.set(nameOf(manifest), manifest);
      await write();
    },
    async remove(manifest) {
      objects.delete(nameOf(manifest));
      await write();
    },
    close: () => rm(folder, { recursive: true }),
  };
});
