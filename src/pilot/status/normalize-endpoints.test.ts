// Endpoints as pilot sends them against the same as Envoy 1.40 dumps them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizeEndpoints } from './normalize-endpoints.ts';

const endpoint = (portValue: number) => ({ address: { socketAddress: { address: '127.0.0.1', portValue } } });
const dumped = (portValue: number, healthStatus = 'HEALTHY') => ({
  endpoint: endpoint(portValue),
  healthStatus,
  loadBalancingWeight: 1,
});

test('defaults that Envoy writes out, health and order are no difference', () => {
  const sent = {
    clusterName: 'c',
    endpoints: [{ lbEndpoints: [{ endpoint: endpoint(2) }, { endpoint: endpoint(1) }] }],
  };
  const actual = {
    clusterName: 'c',
    policy: { overprovisioningFactor: 140 },
    endpoints: [{ locality: {}, loadBalancingWeight: 0, lbEndpoints: [dumped(1), dumped(2, 'UNHEALTHY')] }],
  };
  assert.deepEqual(normalizeEndpoints(actual), normalizeEndpoints(sent));
});

test('no endpoints are no endpoints, in whatever form', () => {
  const empty = { clusterName: 'c', endpoints: [] };
  assert.deepEqual(normalizeEndpoints({ clusterName: 'c' }), empty);
  assert.deepEqual(normalizeEndpoints({ clusterName: 'c', endpoints: [{ lbEndpoints: [] }] }), empty);
});

test('addresses, weights, priorities and localities are differences', () => {
  const make = (locality: object, weight = 1, port = 1) =>
    normalizeEndpoints({
      endpoints: [{ ...locality, lbEndpoints: [{ endpoint: endpoint(port), loadBalancingWeight: weight }] }],
    });
  const plain = make({});
  for (const other of [
    make({ priority: 1 }),
    make({ locality: { zone: 'z' } }),
    make({ loadBalancingWeight: 2 }),
    make({}, 2),
    make({}, 1, 2),
  ])
    assert.notDeepEqual(other, plain);
});

test('anything else stays as it is', () => {
  assert.equal(normalizeEndpoints('x'), 'x');
  assert.deepEqual(normalizeEndpoints({ endpoints: [null, 3] }), { endpoints: [] });
});
