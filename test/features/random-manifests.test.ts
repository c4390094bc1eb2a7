// Whatever manifests say, no data plane refuses what is made of them: one bad object must not cost the others.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { createConfigStore } from '../../src/gateway/engine/config/create-config-store.ts';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import { buildResources } from '../../src/pilot/patch/build-resources.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';
import type { ResourceSet } from '../../src/xds/resource.ts';
import { pushOrder } from '../../src/xds/type-urls.ts';
import { skipDataPlane } from '../e2e/harness/data-planes.ts';
import { envoyFilterForEnvoy } from './random-envoy-filters.fixture.ts';
import { manifest, surroundings } from './random-manifests.fixture.ts';
import { meshObject } from './random-mesh.fixture.ts';
import { staticBootstrap } from './static-bootstrap.ts';
import { validateWithEnvoy } from './validate-with-envoy.ts';

const proxyClass = {
  namespace: 'istio-system',
  labels: { istio: 'ingressgateway' },
  localNode: undefined,
  locality: 'r/z/s',
};

const batches = 40;
const batchSize = 250;

/** Every run the same: a failure is there again. */
const sample = (from: typeof manifest, numRuns: number, batch: number): readonly ((index: number) => object)[] =>
  fc.sample(from, { numRuns, seed: batch + 1 });
const objectsOf = (batch: number): readonly object[] => [
  ...sample(manifest, batchSize, batch).map((make, index) => make(index)),
  ...sample(meshObject, 4, batch).map((make) => make(0)),
];
const objectsForEnvoy = (batch: number): readonly object[] => [
  ...objectsOf(batch),
  ...sample(envoyFilterForEnvoy, 10, batch).map((make, index) => make(batchSize + index)),
];

function resourcesOf(objects: readonly object[]): ResourceSet {
  const text = objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
  const { model } = buildModel(undefined, snapshotFromText({ 'a.yaml': surroundings, 'b.yaml': text }));
  return buildResources(model, proxyClass);
}

/** The fewest objects, by halves, that are refused as the whole is. */
async function blame(
  objects: readonly object[],
  refused: (objects: readonly object[]) => Promise<boolean>,
): Promise<string> {
  let suspects = objects;
  while (suspects.length > 1) {
    const half = Math.ceil(suspects.length / 2);
    const [first, second] = [suspects.slice(0, half), suspects.slice(half)];
    if (await refused(first)) suspects = first;
    else if (await refused(second)) suspects = second;
    else break;
  }
  return JSON.stringify(suspects.slice(0, 3)).slice(0, 4000);
}

/** What the engine says against a set; empty if nothing. */
function engineErrors(set: ResourceSet): string {
  const store = createConfigStore();
  return pushOrder
    .map((typeUrl) => {
      const resources = [...(set.get(typeUrl)?.values() ?? [])];
      return store.apply({ typeUrl, resources, removed: [], version: '1' } as Parameters<typeof store.apply>[0]) ?? '';
    })
    .join('');
}

describe(`${batches * batchSize} random manifests`, () => {
  const temporary = mkdtempSync(join(tmpdir(), 'tidegate-random-'));
  after(() => rmSync(temporary, { recursive: true, force: true }));

  it('are taken by the embedded engine', async () => {
    for (let batch = 0; batch < batches; batch++) {
      const objects = objectsOf(batch);
      const error = engineErrors(resourcesOf(objects));
      if (error !== '')
        assert.fail(`${error}: ${await blame(objects, async (some) => engineErrors(resourcesOf(some)) !== '')}`);
    }
  });

  it('are taken by Envoy', { skip: skipDataPlane('envoy') }, async () => {
    const errorsOf = (objects: readonly object[]): Promise<string> => {
      const config = join(temporary, 'envoy.json');
      writeFileSync(config, JSON.stringify(staticBootstrap(resourcesOf(objects))));
      return validateWithEnvoy(config);
    };
    for (let batch = 0; batch < batches; batch++) {
      const objects = objectsForEnvoy(batch);
      const error = await errorsOf(objects);
      if (error !== '') assert.fail(`${error}: ${await blame(objects, async (some) => (await errorsOf(some)) !== '')}`);
    }
  });
});
