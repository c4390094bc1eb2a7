// What proxy-status says of one connected proxy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listener, resourceSet } from '../../../test/conformance/xds-fixtures.ts';
import { createNode, parseNode } from '../../xds/node.ts';
import type { ConnectedProxy, TypeStatus } from '../../xds/server/xds-server.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import { buildProxyStatus } from './build-proxy-status.ts';

const synced: TypeStatus = {
  status: 'SYNCED',
  staleForMs: 0,
  error: undefined,
  rejected: [],
  acknowledged: new Map(),
  sentAt: 1,
  acknowledgedAt: 2,
};
const node = parseNode(
  createNode({ name: 'gw', namespace: 'ns', address: '10.0.0.1', labels: {}, dataPlane: 'envoy', version: '9' }),
);
const proxyWith = (status: TypeStatus): ConnectedProxy => ({
  node,
  connectedAt: 5,
  protocol: 'delta',
  types: new Map([
    [typeUrls.cluster, synced],
    [typeUrls.listener, status],
  ]),
});

test('is plain data: one entry per type, by its short name', () => {
  assert.deepEqual(buildProxyStatus(proxyWith({ ...synced, status: 'STALE', staleForMs: 70 }), undefined), {
    id: 'router~10.0.0.1~gw.ns~ns.svc.cluster.local',
    name: 'gw.ns',
    dataPlane: 'envoy',
    version: '9',
    protocol: 'delta',
    connectedAt: 5,
    types: { CDS: { status: 'SYNCED', staleForMs: 0 }, LDS: { status: 'STALE', staleForMs: 70 } },
  });
});

test("names the owner of the resource that Envoy's text names, not of those it was sent with", () => {
  const error = 'Error adding/updating listener(s) 0.0.0.0_80: Invalid path: /nowhere/tls.crt\n';
  const rejected = ['0.0.0.0_80', '0.0.0.0_8080'];
  const status: TypeStatus = { ...synced, status: 'ERROR', error, rejected };
  const intended = resourceSet(...rejected.map((name) => listener(name, [])));
  assert.deepEqual(buildProxyStatus(proxyWith(status), intended).types.LDS, {
    status: 'ERROR',
    staleForMs: 0,
    error,
    owners: [{ kind: 'Gateway', namespace: 'istio-system', name: '0.0.0.0_80' }],
  });
});

test('names the owners of all that was rejected where the text names none', () => {
  const status: TypeStatus = { ...synced, status: 'ERROR', error: 'no', rejected: ['l2', 'l1', 'l1'] };
  const intended = resourceSet(listener('l1', []), listener('l2', []));
  const owners = buildProxyStatus(proxyWith(status), intended).types.LDS?.owners?.map(({ name }) => name);
  assert.deepEqual(owners, ['l1', 'l2']);
});
