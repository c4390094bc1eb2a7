// Where endpoints and gateways are: which of the things known of them counts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { snapshotFromText } from '../sources/files/snapshot-from-text.ts';
import {
  endpointPlace,
  formatLocality,
  indexNodes,
  labelledLocality,
  parseLocality,
  proxyPlace,
  workloadPlace,
} from './locality.ts';

const { Node, Pod } = snapshotFromText({
  'nodes.yaml': `
apiVersion: v1
kind: Node
metadata: { name: n1, labels: { topology.kubernetes.io/region: r, topology.kubernetes.io/zone: z, topology.istio.io/subzone: s } }
---
apiVersion: v1
kind: Node
metadata: { name: old, labels: { failure-domain.beta.kubernetes.io/region: r, failure-domain.beta.kubernetes.io/zone: z2 } }
---
apiVersion: v1
kind: Node
metadata: { name: nowhere }
---
apiVersion: v1
kind: Pod
metadata: { name: p, labels: { istio-locality: q.a.b } }
spec: { nodeName: n1, containers: [] }
---
apiVersion: v1
kind: Pod
metadata: { name: plain, labels: { app: a } }
spec: { nodeName: old, containers: [] }
`,
}).objects;
const nodes = indexNodes(Node);

describe('localities', () => {
  it('are one text, whatever way they were written', () => {
    for (const [text, expected] of [
      ['r/z/s', 'r/z/s'],
      ['r/z/', 'r/z'],
      ['r//', 'r'],
      ['/z', '/z'],
      ['r/z/s/more', 'r/z/s'],
      ['', ''],
    ] as const)
      assert.equal(formatLocality(parseLocality(text)), expected);
  });

  it('come from labels with dots, Istio’s newer one first', () => {
    assert.equal(labelledLocality({ 'istio-locality': 'r.z.s' }), 'r/z/s');
    assert.equal(labelledLocality({ 'istio-locality': 'a', 'topology.istio.io/locality': 'r/z.1' }), 'r/z.1');
    assert.equal(labelledLocality({}), undefined);
  });

  it('of endpoints are those of the Pod’s label, its Node, or what the endpoint names itself', () => {
    const pod = (name: string) => Pod.get(`default/${name}`);
    assert.equal(endpointPlace(nodes, pod('p'), { zone: 'z2' }).locality, 'q/a/b');
    const plain = endpointPlace(nodes, pod('plain'), { nodeName: 'n1' });
    assert.equal(plain.locality, 'r/z2');
    assert.deepEqual(plain.labels, {
      app: 'a',
      'topology.kubernetes.io/region': 'r',
      'topology.kubernetes.io/zone': 'z2',
      'kubernetes.io/hostname': 'old',
      'topology.istio.io/cluster': 'Kubernetes',
    });
    assert.equal(endpointPlace(nodes, undefined, { nodeName: 'n1', zone: 'z2' }).locality, 'r/z/s');
    assert.equal(endpointPlace(nodes, undefined, { nodeName: 'nowhere', zone: 'z2' }).locality, 'r/z2');
    assert.equal(endpointPlace(nodes, undefined, { zone: 'unknown' }).locality, '/unknown');
    assert.equal(endpointPlace(nodes, undefined).locality, '');
  });

  it('of WorkloadEntries are their own, else their label’s', () => {
    const plain = { locality: undefined, network: undefined, labels: {} };
    assert.equal(workloadPlace({ ...plain, locality: 'r/z', labels: { 'istio-locality': 'q' } }).locality, 'r/z');
    assert.equal(workloadPlace({ ...plain, labels: { 'istio-locality': 'q' } }).locality, 'q');
    assert.equal(workloadPlace(plain).locality, '');
    const network = 'topology.istio.io/network';
    assert.equal(workloadPlace({ ...plain, network: 'n1' }).labels[network], 'n1');
    assert.equal(workloadPlace({ ...plain, network: 'n1', labels: { [network]: 'n2' } }).labels[network], 'n2');
  });

  it('of gateways are those of the label, the Node, the topology labels, and last what it says itself', () => {
    const all = {
      labels: { 'topology.istio.io/locality': 'a.b', 'topology.kubernetes.io/region': 'labelled' },
      nodeName: 'n1',
      locality: 'own/z',
    };
    const { 'topology.istio.io/locality': _, ...topology } = all.labels;
    const regions = [
      proxyPlace(nodes, all),
      proxyPlace(nodes, { ...all, labels: topology }),
      proxyPlace(nodes, { ...all, labels: topology, nodeName: 'unknown' }),
      proxyPlace(nodes, { labels: {}, locality: 'own/z' }),
      proxyPlace(nodes, { labels: {} }),
    ].map(({ locality }) => locality.region);
    assert.deepEqual(regions, ['a', 'r', 'labelled', 'own', '']);
    assert.equal(proxyPlace(nodes, all).labels['kubernetes.io/hostname'], 'n1');
  });
});
