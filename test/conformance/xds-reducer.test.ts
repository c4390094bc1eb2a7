// Any interleaving of changes, acknowledgements, rejections, subscriptions and reconnects ends with the proxy having what the cache has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createResourceCache } from '../../src/xds/cache/create-resource-cache.ts';
import type { ResourceSet, XdsResource } from '../../src/xds/resource.ts';
import type { PlannedResponse } from '../../src/xds/server/plan-responses.ts';
import { applyEvent } from '../../src/xds/server/stream-events.ts';
import type { StreamRequest } from '../../src/xds/server/stream-request.ts';
import { createStreamState, type StreamState, type XdsStreamProtocol } from '../../src/xds/server/stream-state.ts';
import { pushOrder, type TypeUrl, typeUrls } from '../../src/xds/type-urls.ts';
import { cluster, endpoints, listener, resourceSet, route, secret, versionsOf } from './xds-fixtures.ts';

/** A proxy in the form of Envoy: wildcard clusters and listeners, the rest by the names those refer to (here: what the test chooses). */
class SimulatedProxy {
  readonly protocol: XdsStreamProtocol;
  readonly names: Map<TypeUrl, Set<string>> = new Map();
  readonly held: Map<TypeUrl, Map<string, XdsResource>> = new Map(pushOrder.map((t) => [t, new Map()]));
  readonly inbox: PlannedResponse[] = [];
  readonly nonces: Map<TypeUrl, string> = new Map();
  state: StreamState;
  now = 1_000_000;
  rejects: (resource: XdsResource) => boolean = () => false;

  constructor(protocol: XdsStreamProtocol, available: ResourceSet) {
    this.protocol = protocol;
    this.state = this.connect(available);
  }

  connect(available: ResourceSet): StreamState {
    this.inbox.length = 0;
    this.nonces.clear();
    return createStreamState({
      protocol: this.protocol,
      connectedAt: this.now,
      streamId: 1,
      served: pushOrder,
      available,
    });
  }

  request(request: StreamRequest): void {
    this.take(applyEvent(this.state, { kind: 'request', request }, this.now).responses);
  }

  take(responses: readonly PlannedResponse[]): void {
    for (const response of responses) {
      const unanswered = this.inbox.filter((r) => r.typeUrl === response.typeUrl);
      assert.equal(unanswered.length, 0, 'at most one unacknowledged response per type');
      this.inbox.push(response);
    }
  }

  isWildcard(typeUrl: TypeUrl): boolean {
    return typeUrl === typeUrls.cluster || typeUrl === typeUrls.listener;
  }

  subscribe(typeUrl: TypeUrl, names: readonly string[], isFirst: boolean): void {
    const set = this.names.get(typeUrl) ?? new Set();
    this.names.set(typeUrl, set);
    for (const name of names) set.add(name);
    if (this.protocol === 'SotW') {
      const nonce = isFirst ? '' : (this.nonces.get(typeUrl) ?? '');
      // A proxy has read everything before it writes: it would answer the response instead.
      if (this.inbox.some((r) => r.typeUrl === typeUrl)) return;
      this.request({ kind: 'SotW', typeUrl, nonce, error: undefined, names: [...set] });
      return;
    }
    const held = this.held.get(typeUrl)!;
    const initialVersions = new Map(isFirst ? [...held].map(([name, r]) => [name, r.version]) : []);
    this.request({
      kind: 'delta',
      typeUrl,
      nonce: '',
      error: undefined,
      subscribe: isFirst ? [...set] : names,
      unsubscribe: [],
      initialVersions,
    });
  }

  unsubscribe(typeUrl: TypeUrl, name: string): void {
    this.names.get(typeUrl)?.delete(name);
    this.held.get(typeUrl)!.delete(name);
    if (this.protocol === 'SotW') {
      this.subscribe(typeUrl, [], false);
      return;
    }
    this.request({
      kind: 'delta',
      typeUrl,
      nonce: '',
      error: undefined,
      subscribe: [],
      unsubscribe: [name],
      initialVersions: new Map(),
    });
  }

  /** Answers the oldest response. */
  answer(): boolean {
    const response = this.inbox.shift();
    if (!response) return false;
    const { typeUrl, nonce } = response;
    const held = this.held.get(typeUrl)!;
    const bad = response.resources.find((r) => this.rejects(r));
    if (!bad) {
      if (this.protocol === 'SotW' && this.isWildcard(typeUrl)) held.clear();
      for (const r of response.resources)
        if (this.isWildcard(typeUrl) || this.names.get(typeUrl)?.has(r.name)) held.set(r.name, r);
      for (const name of response.removed) held.delete(name);
      this.checkReferences();
    }
    this.nonces.set(typeUrl, nonce);
    const error = bad ? `invalid resource` : undefined;
    const names = [...(this.names.get(typeUrl) ?? [])];
    this.request(
      this.protocol === 'SotW'
        ? { kind: 'SotW', typeUrl, nonce, error, names }
        : { kind: 'delta', typeUrl, nonce, error, subscribe: [], unsubscribe: [], initialVersions: new Map() },
    );
    this.afterAnswer();
    return true;
  }

  /** Set by tests that look for broken references. */
  checkReferences: () => void = () => undefined;
  /** What the proxy does once it has answered. */
  afterAnswer: () => void = () => undefined;

  settle(): void {
    for (let i = 0; i < 500; i += 1) {
      if (this.answer()) continue;
      const outcome = applyEvent(this.state, { kind: 'wake' }, this.now);
      this.take(outcome.responses);
      if (this.inbox.length > 0) continue;
      if (outcome.wakeAt === undefined) return;
      this.now = Math.max(this.now + 1, outcome.wakeAt);
    }
    assert.fail('the stream does not come to rest');
  }
}

const names = ['a', 'b', 'c'] as const;
const name = fc.constantFrom(...names);
const variant = fc.nat(2);
const arbitrarySet: fc.Arbitrary<ResourceSet> = fc
  .record({
    clusters: fc.dictionary(name, variant),
    endpoints: fc.dictionary(name, variant),
    routes: fc.dictionary(name, fc.tuple(variant, fc.array(name, { maxLength: 2 }))),
    listeners: fc.dictionary(name, fc.tuple(variant, fc.array(name, { maxLength: 2 }))),
    secrets: fc.dictionary(name, variant),
  })
  .map((set) =>
    resourceSet(
      ...Object.entries(set.clusters).map(([n, v]) => cluster(n, v)),
      ...Object.entries(set.endpoints).map(([n, v]) => endpoints(n, v)),
      ...Object.entries(set.routes).map(([n, [v, clusters]]) => route(n, clusters, v)),
      ...Object.entries(set.listeners).map(([n, [v, routes]]) => listener(n, routes, v)),
      ...Object.entries(set.secrets).map(([n, v]) => secret(n, v)),
    ),
  );

type Step =
  | { readonly kind: 'change'; readonly set: ResourceSet }
  | { readonly kind: 'answer' }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly typeUrl: TypeUrl; readonly name: string }
  | { readonly kind: 'resync' }
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'time'; readonly ms: number };

const named = fc.constantFrom(typeUrls.endpoint, typeUrls.route, typeUrls.secret);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: arbitrarySet.map((set): Step => ({ kind: 'change', set })) },
  { weight: 8, arbitrary: fc.constant<Step>({ kind: 'answer' }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('subscribe' as const), typeUrl: named, name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unsubscribe' as const), typeUrl: named, name }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'resync' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'reconnect' }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.nat(6000) }) },
);

function startProxy(proxy: SimulatedProxy, order: readonly TypeUrl[]): void {
  for (const typeUrl of order) proxy.subscribe(typeUrl, [], true);
}

function run(
  proxy: SimulatedProxy,
  first: ResourceSet,
  steps: readonly Step[],
  order: readonly TypeUrl[],
): ResourceSet {
  const cache = createResourceCache(first);
  cache.subscribe((diff) => {
    proxy.take(applyEvent(proxy.state, { kind: 'changed', available: cache.current, diff }, proxy.now).responses);
  });
  startProxy(proxy, order);
  for (const action of steps) {
    if (action.kind === 'change') cache.set(action.set);
    else if (action.kind === 'answer') proxy.answer();
    else if (action.kind === 'subscribe') proxy.subscribe(action.typeUrl, [action.name], false);
    else if (action.kind === 'unsubscribe') proxy.unsubscribe(action.typeUrl, action.name);
    else if (action.kind === 'resync') proxy.take(applyEvent(proxy.state, { kind: 'resync' }, proxy.now).responses);
    else if (action.kind === 'time') {
      proxy.now += action.ms;
      proxy.take(applyEvent(proxy.state, { kind: 'wake' }, proxy.now).responses);
    } else {
      proxy.state = proxy.connect(cache.current);
      startProxy(proxy, order);
    }
  }
  proxy.settle();
  return cache.current;
}

/** What a proxy with these subscriptions should have in the end. SotW cannot take back what is asked for by name. */
function assertHasAll(proxy: SimulatedProxy, available: ResourceSet): void {
  for (const typeUrl of pushOrder) {
    const wanted = new Map(
      [...(available.get(typeUrl) ?? [])].filter(
        ([n]) => proxy.isWildcard(typeUrl) || proxy.names.get(typeUrl)?.has(n),
      ),
    );
    const held = proxy.held.get(typeUrl)!;
    const isUnremovable = proxy.protocol === 'SotW' && !proxy.isWildcard(typeUrl);
    const compared = isUnremovable ? new Map([...held].filter(([n]) => available.get(typeUrl)?.has(n))) : held;
    assert.deepEqual(versionsOf(compared), versionsOf(wanted), typeUrl);
  }
}

for (const protocol of ['SotW', 'delta'] as const) {
  const order = fc.shuffledSubarray([...pushOrder], { minLength: pushOrder.length });

  test(`${protocol}: any interleaving ends in exactly the cache's content`, () => {
    fc.assert(
      fc.property(arbitrarySet, fc.array(step, { maxLength: 40 }), order, (first, steps, requests) => {
        const proxy = new SimulatedProxy(protocol, first);
        assertHasAll(proxy, run(proxy, first, steps, requests));
      }),
      { numRuns: 500 },
    );
  });

  test(`${protocol}: rejected resources cost only themselves, and come to rest`, () => {
    fc.assert(
      fc.property(arbitrarySet, fc.array(step, { maxLength: 30 }), arbitrarySet, (first, steps, last) => {
        const proxy = new SimulatedProxy(protocol, first);
        const bad = new Set(
          [cluster('a', 1), endpoints('b', 2), route('a', ['a'], 1), listener('b', [], 0)].map((r) => r.version),
        );
        proxy.rejects = (r) => bad.has(r.version);
        const withoutListeners = steps.filter((s) => s.kind !== 'reconnect');
        run(proxy, first, [...withoutListeners, { kind: 'change', set: last }], pushOrder);
        const isWholeState = (t: TypeUrl) => protocol === 'SotW' && proxy.isWildcard(t);
        for (const typeUrl of pushOrder.filter((t) => !isWholeState(t))) {
          for (const [n, resource] of last.get(typeUrl) ?? []) {
            const isAsked = proxy.isWildcard(typeUrl) || proxy.names.get(typeUrl)?.has(n);
            if (!isAsked || bad.has(resource.version)) continue;
            assert.equal(proxy.held.get(typeUrl)?.get(n)?.version, resource.version, `${typeUrl} ${n}`);
          }
        }
        // Once everything is acceptable the rejections are forgotten.
        proxy.rejects = () => false;
        proxy.take(applyEvent(proxy.state, { kind: 'resync' }, proxy.now).responses);
        proxy.settle();
        assertHasAll(proxy, proxy.state.available);
        for (const type of proxy.state.types.values()) assert.equal(type.error, undefined);
      }),
      { numRuns: 500 },
    );
  });
}

/** Sets in which everything referred to exists, as translate makes them. */
const consistentSet: fc.Arbitrary<ResourceSet> = fc
  .dictionary(name, fc.tuple(variant, fc.dictionary(name, variant, { minKeys: 1 })))
  .map((listeners) => {
    const resources = new Map<string, XdsResource>();
    const add = (r: XdsResource) => resources.set(`${r.typeUrl} ${r.name}`, r);
    for (const [n, [v, clusters]] of Object.entries(listeners)) {
      add(listener(n, [n], v));
      add(route(n, Object.keys(clusters), v));
      for (const [c, cv] of Object.entries(clusters)) {
        add(cluster(c, cv));
        add(endpoints(c, cv));
      }
    }
    return resourceSet(...resources.values());
  });

/** As Envoy does: asks for the endpoints of its clusters and the routes of its listeners, and no others. */
function followReferences(proxy: SimulatedProxy): void {
  for (const [user, used] of [
    [typeUrls.cluster, typeUrls.endpoint],
    [typeUrls.listener, typeUrls.route],
  ] as const) {
    const wanted = new Set([...proxy.held.get(user)!.values()].flatMap((r) => r.references.map((ref) => ref.name)));
    const current = proxy.names.get(used) ?? new Set();
    for (const n of [...current]) if (!wanted.has(n)) proxy.unsubscribe(used, n);
    const missing = [...wanted].filter((n) => !current.has(n));
    if (missing.length > 0)
      proxy.subscribe(used, missing, !proxy.nonces.has(used) && !proxy.inbox.some((r) => r.typeUrl === used));
  }
}

for (const protocol of ['SotW', 'delta'] as const) {
  test(`${protocol}: a proxy never has a route to a cluster or a cluster without endpoints that it was not given first`, () => {
    fc.assert(
      fc.property(
        consistentSet,
        fc.array(fc.oneof(consistentSet, fc.constant('answer' as const), fc.constant('answer' as const)), {
          maxLength: 40,
        }),
        (first, steps) => {
          const proxy = new SimulatedProxy(protocol, first);
          let isStarted = false;
          proxy.checkReferences = () => {
            if (!isStarted) return;
            for (const r of proxy.held.get(typeUrls.route)!.values())
              for (const ref of r.references) {
                assert.ok(
                  proxy.held.get(typeUrls.cluster)!.has(ref.name),
                  `route ${r.name} refers to missing cluster ${ref.name}`,
                );
                assert.ok(
                  proxy.held.get(typeUrls.endpoint)!.has(ref.name),
                  `route ${r.name}: endpoints of ${ref.name} are missing`,
                );
              }
          };
          const cache = createResourceCache(first);
          cache.subscribe((diff) => {
            proxy.take(
              applyEvent(proxy.state, { kind: 'changed', available: cache.current, diff }, proxy.now).responses,
            );
          });
          startProxy(proxy, [typeUrls.cluster, typeUrls.listener]);
          isStarted = true;
          proxy.afterAnswer = () => followReferences(proxy);
          for (const action of steps) {
            if (action === 'answer') proxy.answer();
            else cache.set(action);
          }
          const before = proxy.now;
          proxy.settle();
          assert.ok(proxy.now - before < 5000, 'nothing had to wait for its time to be over');
          assertHasAll(proxy, cache.current);
        },
      ),
      { numRuns: 500 },
    );
  });
}
