// Which patches count at which gateways, and in which order.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Snapshot } from '../resources/snapshot.ts';
import { snapshotFromText } from '../sources/files/snapshot-from-text.ts';
import { buildModel } from './build-model.ts';
import { defaultMeshSettings } from './mesh-settings.ts';
import type { ProxyClass } from './proxy-class.ts';
import { selectEnvoyFilters } from './select-envoy-filters.ts';

const gateway: ProxyClass = { namespace: 'edge', labels: { istio: 'gw', zone: 'a' }, localNode: undefined };

interface Given {
  readonly name: string;
  readonly namespace?: string;
  readonly created?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly match?: Readonly<Record<string, unknown>>;
}

function snapshotOf(filters: readonly Given[]): Snapshot {
  const documents = filters.map(({ name, namespace = 'edge', created, spec, match }) => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name, namespace, ...(created === undefined ? {} : { creationTimestamp: created }) },
    spec: {
      configPatches: [{ applyTo: 'CLUSTER', match, patch: { operation: 'MERGE', value: { name: 'x' } } }],
      ...spec,
    },
  }));
  return snapshotFromText({ 'a.yaml': documents.map((one) => `---\n${JSON.stringify(one)}\n`).join('') });
}

const select = (filters: readonly Given[], proxy: ProxyClass = gateway) =>
  selectEnvoyFilters(buildModel(undefined, snapshotOf(filters)).model.envoyFilters, defaultMeshSettings, proxy);
const selected = (filters: readonly Given[], proxy?: ProxyClass) =>
  select(filters, proxy).patches.map(({ ref }) => ref.name);

describe('EnvoyFilters', () => {
  it('are ordered by priority, then the root namespace, then age, then name', () => {
    const filters: readonly Given[] = [
      { name: 'late', spec: { priority: 5 } },
      { name: 'b', created: '2026-01-02T00:00:00Z' },
      { name: 'a', created: '2026-01-02T00:00:00Z' },
      { name: 'older', created: '2026-01-01T00:00:00Z' },
      { name: 'root', namespace: 'istio-system', created: '2026-01-03T00:00:00Z' },
      { name: 'first', created: '2026-01-04T00:00:00Z', spec: { priority: -1 } },
    ];
    assert.deepEqual(selected(filters), ['first', 'root', 'older', 'a', 'b', 'late']);
  });

  it('are for the gateways of their namespace, those of the root namespace for all', () => {
    const filters = ['edge', 'istio-system', 'default'].map((namespace) => ({ name: namespace, namespace }));
    assert.deepEqual(selected(filters), ['istio-system', 'edge']);
    assert.deepEqual(selected(filters, { ...gateway, namespace: 'istio-system' }), ['istio-system']);
  });

  it('are for gateways with all the labels that they select, without any for every one', () => {
    const labels = [undefined, {}, { istio: 'gw' }, { istio: 'gw', zone: 'a' }, { istio: 'gw', zone: 'b' }];
    const filters = labels.map((one, i) => ({
      name: `f${i}`,
      spec: one === undefined ? {} : { workloadSelector: { labels: one } },
    }));
    assert.deepEqual(selected(filters), ['f0', 'f1', 'f2', 'f3']);
  });

  it('are for none where their selector or their priority cannot be read, or they name other objects', () => {
    const specs = [
      { workloadSelector: { labels: { istio: 7 } } },
      { workloadSelector: 'all' },
      { priority: 2 ** 31 },
      { targetRefs: [{ kind: 'Gateway', name: 'gw' }] },
    ];
    assert.deepEqual(selected(specs.map((spec, i) => ({ name: `f${i}`, spec }))), []);
  });

  it('ask for the version and the metadata of the proxy', () => {
    const of = (name: string, proxy: Readonly<Record<string, unknown>>): Given => ({ name, match: { proxy } });
    const filters = [
      of('any', {}),
      of('ours', { proxyVersion: '^1\\.32' }),
      of('within', { proxyVersion: '32' }),
      of('older', { proxyVersion: '^1\\.9\\.' }),
      of('west', { metadata: { CLUSTER_ID: 'west' } }),
      of('edge', { metadata: { NAMESPACE: 'edge' } }),
    ];
    assert.deepEqual(selected(filters), ['any', 'ours', 'within', 'edge']);
    const told = { ...gateway, metadata: { ISTIO_VERSION: '1.9.3', CLUSTER_ID: 'west' } };
    assert.deepEqual(selected(filters, told), ['any', 'older', 'west', 'edge']);
  });

  it('are not more than a gateway can bear', () => {
    const configPatches = Array.from({ length: 2010 }, () => ({
      applyTo: 'CLUSTER',
      patch: { operation: 'MERGE', value: { name: 'x' } },
    }));
    const { patches, diagnostics } = select([{ name: 'f', spec: { configPatches } }]);
    assert.equal(patches.length, 2000);
    assert.deepEqual(
      diagnostics.map(({ code, path }) => `${code} ${path}`),
      ['TG0005 spec.configPatches[2000]'],
    );
  });

  it('match no version where the expression cannot be used, and say so', () => {
    const { patches, diagnostics } = select([{ name: 'f', match: { proxy: { proxyVersion: '(?=a)' } } }]);
    assert.deepEqual(patches, []);
    assert.deepEqual(
      diagnostics.map(({ code, path, line }) => [code, path, line]),
      [['TG0016', 'spec.configPatches[0].match.proxy.proxyVersion', 2]],
    );
  });
});
