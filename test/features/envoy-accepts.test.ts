// A real Envoy takes everything that is emitted: for each golden folder, for all of the corpus, hazards included, and for what Istio's tasks configure.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import { buildProxyView } from '../../src/pilot/model/build-proxy-view.ts';
import type { ProxyClass } from '../../src/pilot/model/proxy-class.ts';
import { buildResources, diagnosePatches } from '../../src/pilot/patch/build-resources.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';
import { skipDataPlane } from '../e2e/harness/data-planes.ts';
import { staticBootstrap } from './static-bootstrap.ts';
import { validateWithEnvoy } from './validate-with-envoy.ts';

const proxyClass: ProxyClass = {
  namespace: 'istio-system',
  labels: { istio: 'ingressgateway', app: 'istio-ingressgateway' },
  localNode: undefined,
};

const roots = [import.meta.dirname, join(import.meta.dirname, '../corpus/cases')];
const folders = roots.flatMap((root) =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({ name: entry.name, path: join(root, entry.name, 'manifests.yaml') })),
);

/** Our own equivalents of bookinfo's gateway and of the tasks in Istio's ingress and traffic-management documentation. */
const tasksFolder = join(import.meta.dirname, '../manifests/istio-tasks');
const tasks = readdirSync(tasksFolder).map((file) => ({ name: file, path: join(tasksFolder, file) }));

/** Their Services have no endpoints here, so no Pods with labels either. */
const laterKinds = /have these labels/;

describe('a real Envoy accepts what is emitted for', { skip: skipDataPlane('envoy'), concurrency: 2 }, () => {
  const temporary = mkdtempSync(join(tmpdir(), 'tidegate-validate-'));
  after(() => rmSync(temporary, { recursive: true, force: true }));

  for (const { name, path } of [...folders, ...tasks])
    it(name, async () => {
      const snapshot = snapshotFromText({ 'manifests.yaml': readFileSync(path, 'utf8') });
      const { model } = buildModel(undefined, snapshot);
      const config = join(temporary, `${name}.json`);
      writeFileSync(config, JSON.stringify(staticBootstrap(buildResources(model, proxyClass))));
      assert.equal(await validateWithEnvoy(config), '');
    });
});

describe("what Istio's tasks configure is served, and no field of it is refused", () => {
  for (const { name, path } of tasks)
    it(name, () => {
      const { model, diagnostics } = buildModel(undefined, snapshotFromText({ [name]: readFileSync(path, 'utf8') }));
      assert.ok(buildProxyView(model, proxyClass).listeners.length > 0);
      // The Secrets are not part of the files.
      const all = [...diagnostics, ...diagnosePatches(model, [proxyClass])];
      const unexpected = all.filter(({ code, message }) => code !== 'TG0015' && !laterKinds.test(message));
      assert.deepEqual(unexpected, []);
    });
});
