// Backends on this machine in place of what the manifests say, or beside it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildModel } from '../pilot/model/build-model.ts';
import type { Snapshot } from '../pilot/resources/snapshot.ts';
import { snapshotFromText } from '../pilot/sources/files/snapshot-from-text.ts';
import type { Backend } from './run-options.ts';
import { withBackends } from './with-backends.ts';

const manifests = `
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: default }
spec: { ports: [{ name: http, port: 80, targetPort: 8080 }, { name: http-admin, port: 81, targetPort: 8081 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: shop-1, namespace: default, labels: { kubernetes.io/service-name: shop } }
addressType: IPv4
ports: [{ name: http, port: 8080 }, { name: http-admin, port: 8081 }]
endpoints: [{ addresses: [10.0.0.1] }, { addresses: [10.0.0.2] }]
`;
const shop: Backend = { service: 'shop', namespace: 'default', port: undefined, host: '127.0.0.1', hostPort: 3000 };

async function applied(snapshots: readonly Snapshot[], ...backends: readonly Backend[]): Promise<readonly Snapshot[]> {
  const results: Snapshot[] = [];
  const source = withBackends(
    { run: (onSnapshot) => Promise.resolve(snapshots.forEach((snapshot) => void onSnapshot(snapshot))) },
    backends,
  );
  await source.run((snapshot) => results.push(snapshot), new AbortController().signal);
  return results;
}

async function endpoints(...backends: readonly Backend[]): Promise<Record<string, string[]>> {
  const [snapshot] = await applied([snapshotFromText({ 'a.yaml': manifests })], ...backends);
  const { model, diagnostics } = buildModel(undefined, snapshot!);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  const ports = [...model.services.values()].flatMap(({ name, ports }) => ports.map((port) => [name, port] as const));
  return Object.fromEntries(
    ports.map(([name, port]) => [
      `${name}:${port.port}`,
      port.endpoints.map(({ address, port: number }) => `${address}:${number}`),
    ]),
  );
}

describe('--backend', () => {
  it('takes the place of all endpoints of a Service', async () => {
    assert.deepEqual(await endpoints(shop), { 'shop:80': ['127.0.0.1:3000'], 'shop:81': ['127.0.0.1:3000'] });
  });

  it('takes the place of one port only', async () => {
    assert.deepEqual(await endpoints({ ...shop, port: 81 }), {
      'shop:80': ['10.0.0.1:8080', '10.0.0.2:8080'],
      'shop:81': ['127.0.0.1:3000'],
    });
  });

  it('makes a Service that no manifest defines', async () => {
    const own = await endpoints(
      { ...shop, service: 'counter' },
      { ...shop, service: 'admin', port: 8080, hostPort: 4000 },
    );
    assert.deepEqual([own['counter:80'], own['admin:8080']], [['127.0.0.1:3000'], ['127.0.0.1:4000']]);
  });

  it('keeps the identity of what did not change', async () => {
    const snapshot = snapshotFromText({ 'a.yaml': manifests });
    const [first, second] = await applied([snapshot, { ...snapshot, changed: [] }], shop);
    assert.equal(first!.objects.EndpointSlice, second!.objects.EndpointSlice);
    assert.equal(first!.objects.Service, snapshot.objects.Service);
    assert.equal(first!.objects.Endpoints, snapshot.objects.Endpoints);
  });
});
