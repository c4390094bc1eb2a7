// Mesh settings that come and go: what a pilot makes of them that has seen others is what a new one makes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import type { Model } from '../../src/pilot/model/model.ts';
import { buildResources } from '../../src/pilot/patch/build-resources.ts';
import type { Snapshot } from '../../src/pilot/resources/snapshot.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';

/** Versions are hashes of the bytes. */
const versionsOf = (model: Model): readonly string[] =>
  [
    ...buildResources(model, {
      namespace: 'edge',
      labels: { istio: 'ingressgateway' },
      localNode: undefined,
    }).values(),
  ]
    .flatMap((resources) => [...resources.values()].map(({ name, version }) => `${name} ${version}`))
    .sort();

const without = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  objects: { ...snapshot.objects, ConfigMap: new Map() },
});

describe('mesh settings that change', () => {
  for (const folder of ['root-namespace', 'trust-domain', 'discovery-selectors'])
    it(`are followed: ${folder}`, () => {
      // The policies are for the gateway's namespace.
      const text = readFileSync(join(import.meta.dirname, folder, 'manifests.yaml'), 'utf8');
      const given = snapshotFromText({
        'manifests.yaml':
          folder === 'trust-domain'
            ? text.replaceAll(/name: (gw|deny|audit), namespace: istio-system/g, 'name: $1, namespace: edge')
            : text,
      });
      const [on, off] = [given, without(given)].map((snapshot) => buildModel(undefined, snapshot).model);
      assert.ok(on && off);
      assert.notDeepEqual(versionsOf(on), versionsOf(off));
      const switchedOn = buildModel(off, given).model;
      assert.deepEqual(versionsOf(switchedOn), versionsOf(on));
      assert.deepEqual(versionsOf(buildModel(switchedOn, without(given)).model), versionsOf(off));
    });
});
