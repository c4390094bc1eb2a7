// Single steps of a stream's state, where the order of events matters more than the connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cluster, endpoints, listener, resourceSet, route } from '../../../test/conformance/xds-fixtures.ts';
import { createResourceCache } from '../cache/create-resource-cache.ts';
import type { ResourceSet } from '../resource.ts';
import { pushOrder, type TypeUrl, typeUrls } from '../type-urls.ts';
import type { PlannedResponse } from './plan-responses.ts';
import { drainWaitMs, referenceWaitMs } from './reference-gate.ts';
import { applyEvent, type StreamOutcome } from './stream-events.ts';
import type { DeltaRequest } from './stream-request.ts';
import { createStreamState } from './stream-state.ts';
import { readTypeStatus } from './type-status.ts';

interface Step extends Partial<Omit<DeltaRequest, 'kind'>> {
  readonly typeUrl: TypeUrl;
}

function startStream(first: ResourceSet) {
  const cache = createResourceCache(first);
  const state = createStreamState({
    protocol: 'delta',
    connectedAt: 0,
    streamId: 1,
    served: pushOrder,
    available: first,
  });
  const stream = {
    now: 1000,
    wakeAt: undefined as number | undefined,
    take(outcome: StreamOutcome): readonly PlannedResponse[] {
      stream.wakeAt = outcome.wakeAt;
      return outcome.responses;
    },
    request(step: Step): readonly PlannedResponse[] {
      const empty = { nonce: '', error: undefined, subscribe: [], unsubscribe: [], initialVersions: new Map() };
      return stream.take(
        applyEvent(state, { kind: 'request', request: { kind: 'delta', ...empty, ...step } }, stream.now),
      );
    },
    change(next: ResourceSet, canSend = true): readonly PlannedResponse[] {
      const diff = cache.set(next);
      return stream.take(applyEvent(state, { kind: 'changed', available: cache.current, diff }, stream.now, canSend));
    },
    wake: () => stream.take(applyEvent(state, { kind: 'wake' }, stream.now)),
    /** Acknowledges all responses and those that follow from that; what came in all. */
    settle(responses: readonly PlannedResponse[]): readonly string[] {
      const open = [...responses];
      const seen: string[] = [];
      for (let response = open.shift(); response; response = open.shift()) {
        const { typeUrl, nonce } = response;
        seen.push(describe(response));
        open.push(...stream.request({ typeUrl, nonce }));
      }
      return seen;
    },
    status: (typeUrl: TypeUrl) => readTypeStatus(state.types.get(typeUrl)!, stream.now),
  };
  return stream;
}

const describe = ({ typeUrl, resources, removed }: PlannedResponse): string =>
  [typeUrl.split('.').at(-1), ...resources.map((r) => `+${r.name}`), ...removed.map((name) => `-${name}`)].join(' ');

test('a rejected version is not sent again, even if everything is asked for', () => {
  const stream = startStream(resourceSet(cluster('a', 1)));
  const [sent] = stream.request({ typeUrl: typeUrls.cluster });
  stream.request({ typeUrl: typeUrls.cluster, nonce: sent!.nonce, error: 'bad a' });
  assert.deepEqual(stream.request({ typeUrl: typeUrls.cluster, subscribe: ['*'] }).map(describe), ['Cluster']);
});

test('while the connection takes no bytes changes merge', () => {
  const stream = startStream(resourceSet(cluster('a')));
  stream.settle(stream.request({ typeUrl: typeUrls.cluster }));
  for (let i = 1; i < 10; i += 1)
    assert.deepEqual(stream.change(resourceSet(cluster('a', i), cluster('b', i)), false), []);
  assert.deepEqual(stream.wake().map(describe), ['Cluster +a +b']);
});

test('a route waits for its cluster a bounded time, and says since when', () => {
  const stream = startStream(resourceSet());
  stream.settle(stream.request({ typeUrl: typeUrls.cluster }));
  stream.settle(stream.request({ typeUrl: typeUrls.route, subscribe: ['r'] }));
  assert.deepEqual(stream.change(resourceSet(cluster('c'), route('r', ['c']))).map(describe), ['Cluster +c']);
  stream.now += referenceWaitMs - 1;
  assert.deepEqual(stream.wake(), []);
  assert.equal(stream.status(typeUrls.route).status, 'STALE');
  assert.equal(stream.status(typeUrls.route).staleForMs, referenceWaitMs - 1);
  assert.equal(stream.wakeAt, stream.now + 1);
  stream.now += 1;
  assert.deepEqual(stream.wake().map(describe), ['RouteConfiguration +r']);
});

test('a rejected cluster does not hold back its routes', () => {
  const stream = startStream(resourceSet());
  stream.settle(stream.request({ typeUrl: typeUrls.cluster }));
  stream.settle(stream.request({ typeUrl: typeUrls.endpoint, subscribe: ['c'] }));
  stream.settle(stream.request({ typeUrl: typeUrls.route, subscribe: ['r'] }));
  const [sent] = stream.change(resourceSet(cluster('c'), route('r', ['c'])));
  const next = stream.request({ typeUrl: typeUrls.cluster, nonce: sent!.nonce, error: 'no' });
  assert.deepEqual(next.map(describe), ['RouteConfiguration +r']);
});

test('a cluster that changes brings its endpoints again', () => {
  const stream = startStream(resourceSet(cluster('c'), endpoints('c')));
  stream.settle(stream.request({ typeUrl: typeUrls.cluster }));
  stream.settle(stream.request({ typeUrl: typeUrls.endpoint, subscribe: ['c'] }));
  const responses = stream.change(resourceSet(cluster('c', 1), endpoints('c')));
  assert.deepEqual(responses.map(describe), ['Cluster +c', 'ClusterLoadAssignment +c']);
});

test('the old routes and clusters of a replaced listener stay until the new one has its routes and the old ones are given up', () => {
  const stream = startStream(
    resourceSet(cluster('old'), endpoints('old'), listener('l', ['r1']), route('r1', ['old'])),
  );
  for (const typeUrl of [typeUrls.cluster, typeUrls.listener]) stream.settle(stream.request({ typeUrl }));
  stream.settle(stream.request({ typeUrl: typeUrls.endpoint, subscribe: ['old', 'new'] }));
  stream.settle(stream.request({ typeUrl: typeUrls.route, subscribe: ['r1'] }));
  const changes = stream.change(
    resourceSet(cluster('new'), endpoints('new'), listener('l', ['r2'], 1), route('r2', ['new'])),
  );
  assert.deepEqual(stream.settle(changes), ['Cluster +new', 'ClusterLoadAssignment +new', 'Listener +l']);
  assert.deepEqual(stream.settle(stream.request({ typeUrl: typeUrls.route, subscribe: ['r2'] })), [
    'RouteConfiguration +r2',
  ]);
  const freed = stream.request({ typeUrl: typeUrls.route, unsubscribe: ['r1'] });
  assert.deepEqual(stream.settle(freed), ['Cluster -old', 'ClusterLoadAssignment -old']);
});

test('a proxy that never gives up old routes loses them after the drain time', () => {
  const stream = startStream(resourceSet(cluster('c'), listener('l', ['r1']), route('r1', ['c'])));
  for (const typeUrl of [typeUrls.cluster, typeUrls.listener]) stream.settle(stream.request({ typeUrl }));
  stream.settle(stream.request({ typeUrl: typeUrls.route, subscribe: ['r1'] }));
  assert.deepEqual(stream.settle(stream.change(resourceSet())), ['Listener -l']);
  assert.equal(stream.wakeAt, stream.now + drainWaitMs);
  stream.now += drainWaitMs;
  assert.deepEqual(stream.settle(stream.wake()), ['RouteConfiguration -r1', 'Cluster -c']);
});

test('a proxy that comes back is not sent what it has, and keeps removed clusters until its routes are renewed', () => {
  const old = resourceSet(cluster('c'), route('r', ['c']));
  const stream = startStream(resourceSet(cluster('d'), endpoints('d'), route('r', ['d'])));
  stream.now = 1;
  const versions = (typeUrl: TypeUrl) => new Map([...old.get(typeUrl)!.values()].map((r) => [r.name, r.version]));
  const first = stream.request({ typeUrl: typeUrls.cluster, initialVersions: versions(typeUrls.cluster) });
  assert.deepEqual(first.map(describe), ['Cluster +d']);
  stream.settle(stream.request({ typeUrl: typeUrls.endpoint, subscribe: ['d'] }));
  const routes = stream.request({
    typeUrl: typeUrls.route,
    subscribe: ['r'],
    initialVersions: versions(typeUrls.route),
  });
  assert.deepEqual(routes, [], 'its cluster is not acknowledged');
  stream.settle(stream.request({ typeUrl: typeUrls.listener }));
  assert.deepEqual(stream.settle(first), ['Cluster +d', 'RouteConfiguration +r', 'Cluster -c']);
});
