// Which endpoints a gateway prefers: Istio's order, and what holds for any of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLocality, proxyPlace, workloadPlace } from './locality.ts';
import type { LocalityPolicy } from './locality-policy.ts';
import type { ModelEndpoint } from './model.ts';
import { type EndpointGroup, orderLocalities } from './order-localities.ts';

const nodes = { localityOf: () => '', localityOfZone: () => '' };
const placeAt = (locality: string, labels = {}) => proxyPlace(nodes, { labels, locality });

function endpoint(locality: string, labels: Record<string, string> = {}, weight = 1): ModelEndpoint {
  return { ...workloadPlace({ locality, network: undefined, labels }), address: '10.0.0.1', port: 80, weight };
}

const setting = { enabled: true, distribute: [], failover: [], failoverPriority: [] };
const locality = (changes: Partial<typeof setting | object>, always = false): LocalityPolicy => ({
  kind: 'locality',
  setting: { ...setting, ...changes },
  always,
});
const zoneAware = (failover: readonly { from: string; to: string }[], enabled = true): LocalityPolicy => ({
  kind: 'zone aware',
  setting: { enabled, failover, failoverPriority: [], minClusterSize: undefined },
});

const priorities = (groups: readonly EndpointGroup[]): Record<string, number> =>
  Object.fromEntries(groups.map((group) => [group.endpoints[0]?.locality, group.priority]));

const everywhere = ['', 'r', 'r/z', 'r/z/s', 'r/z/s2', 'r/z2', 'q/z', 'p'].map((text) => endpoint(text));
const at = placeAt('r/z/s');

describe('orderLocalities', () => {
  it('goes by subzone, zone and region, without gaps', () => {
    assert.deepEqual(
      priorities(orderLocalities(everywhere, { policy: locality({}), place: at, detectsFailures: true })),
      {
        'r/z/s': 0,
        'r/z': 1,
        'r/z/s2': 1,
        r: 2,
        'r/z2': 2,
        '': 3,
        'q/z': 3,
        p: 3,
      },
    );
  });

  it('puts the region that takes over before the others', () => {
    const policy = locality({ failover: [{ from: 'r', to: 'p' }] });
    const groups = orderLocalities(everywhere, { policy, place: at, detectsFailures: true });
    assert.deepEqual(priorities(groups), {
      'r/z/s': 0,
      'r/z': 1,
      'r/z/s2': 1,
      r: 2,
      'r/z2': 2,
      p: 3,
      'q/z': 4,
      '': 4,
    });
  });

  it('tells only endpoints without a locality from others where the gateway has none', () => {
    const groups = orderLocalities(everywhere, { policy: locality({}), place: placeAt(''), detectsFailures: true });
    assert.deepEqual([...new Set(groups.map(({ priority }) => priority))], [0, 1]);
    assert.equal(priorities(groups)[''], 0);
  });

  it('needs outlier detection, unless health is known otherwise', () => {
    const order = (always: boolean, detectsFailures: boolean) =>
      Math.max(
        ...orderLocalities(everywhere, { policy: locality({}, always), place: at, detectsFailures }).map(
          ({ priority }) => priority,
        ),
      );
    assert.deepEqual([order(false, false), order(true, false), order(false, true)], [0, 3, 3]);
  });

  it('keeps the zones of a region together where the data plane balances them', () => {
    const order = (policy: LocalityPolicy) =>
      priorities(orderLocalities(everywhere, { policy, place: at, detectsFailures: false }));
    const regional = { 'r/z/s': 0, 'r/z': 0, 'r/z/s2': 0, r: 0, 'r/z2': 0 };
    assert.deepEqual(order(zoneAware([])), { ...regional, '': 1, 'q/z': 1, p: 1 });
    assert.deepEqual(order(zoneAware([{ from: 'r', to: 'q' }])), { ...regional, 'q/z': 1, '': 2, p: 2 });
    assert.deepEqual(new Set(Object.values(order(zoneAware([], false)))), new Set([0]));
  });

  it('shares by the first rule for the gateway, wildcards by the weight of what they stand for', () => {
    const policy = locality({
      distribute: [
        { from: 'q/*', to: [{ locality: 'q/*', weight: 100 }] },
        {
          from: 'r/z/*',
          to: [
            { locality: 'r/z', weight: 60 },
            { locality: 'q/*', weight: 40 },
          ],
        },
      ],
    });
    const endpoints = [endpoint('r/z/s', {}, 3), endpoint('r/z/s2'), endpoint('q/a'), endpoint('q/b'), endpoint('p')];
    const groups = orderLocalities(endpoints, { policy, place: at, detectsFailures: true });
    const weights = groups.map((group) => [group.endpoints[0]?.locality, group.weight, group.priority]);
    assert.deepEqual(weights, [
      ['q/a', 20, 0],
      ['q/b', 20, 0],
      ['r/z/s', 45, 0],
      ['r/z/s2', 15, 0],
    ]);
  });

  it('puts endpoints of another network behind all of its own', () => {
    const network = (name: string, zone: string) => endpoint(`r/${zone}`, { 'topology.istio.io/network': name });
    const policy = locality({ failoverPriority: ['topology.istio.io/network', 'topology.kubernetes.io/zone'] }, true);
    const place = placeAt('r/z', { 'topology.istio.io/network': 'n1' });
    const endpoints = [network('n2', 'z'), network('n2', 'y'), network('n1', 'y'), network('n1', 'z')];
    const groups = orderLocalities(endpoints, { policy, place, detectsFailures: false });
    const order = groups
      .toSorted((a, b) => a.priority - b.priority)
      .map((group) => [group.endpoints[0]?.labels['topology.istio.io/network'], group.endpoints[0]?.locality]);
    assert.deepEqual(order, [
      ['n1', 'r/z'],
      ['n1', 'r/y'],
      ['n2', 'r/z'],
      ['n2', 'r/y'],
    ]);
  });

  const part = fc.constantFrom('', 'a', 'b', 'c');
  const somewhere = fc.tuple(part, part, part).map((parts) => parts.join('/').replace(/\/+$/, ''));
  const anyEndpoint = fc
    .record({
      place: somewhere,
      labels: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'), { noNullPrototype: true }),
      weight: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    })
    .map(({ place, labels, weight }) => endpoint(place, labels, weight));
  const region = fc.constantFrom('a', 'b', 'c');
  const failover = fc.array(fc.record({ from: region, to: region }), { maxLength: 3 });
  const failoverPriority = fc.array(fc.constantFrom('x', 'y', 'x=1', 'y=2', 'x=1=2', 'topology.istio.io/network'), {
    maxLength: 3,
  });
  const anyPolicy: fc.Arbitrary<LocalityPolicy> = fc.oneof(
    fc
      .record({ failover, failoverPriority, always: fc.boolean() })
      .map(({ always, ...changes }) => locality(changes, always)),
    failover.map((rules) => zoneAware(rules)),
  );

  it('loses no endpoint, leaves no priority out and prefers what is nearer', () => {
    fc.assert(
      fc.property(
        fc.array(anyEndpoint, { maxLength: 12 }),
        anyPolicy,
        somewhere,
        fc.boolean(),
        (endpoints, policy, here, detectsFailures) => {
          const place = placeAt(here, { x: '1', y: '1' });
          const groups = orderLocalities(endpoints, { policy, place, detectsFailures });
          assert.deepEqual(new Set(groups.flatMap((group) => group.endpoints)), new Set(endpoints));
          assert.equal(groups.flatMap((group) => group.endpoints).length, endpoints.length);
          const used = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
          assert.deepEqual(used, [...used.keys()]);
          for (const { weight, endpoints: members, locality: there } of groups) {
            const sum = members.reduce((total, one) => total + one.weight, 0);
            assert.equal(weight, Math.min(sum, 2 ** 32 - 1));
            for (const member of members) assert.deepEqual(parseLocality(member.locality), there);
          }
          if (policy.kind === 'zone aware' || policy.setting.failoverPriority.length > 0) return;
          const same = groups.filter(({ locality: there }) => there.region === place.locality.region);
          for (const group of groups)
            if (!same.includes(group) && (detectsFailures || policy.always))
              for (const near of same) assert.ok(near.priority < group.priority);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('gives each share of distribute what was asked for, give or take the rounding', () => {
    fc.assert(
      fc.property(fc.array(anyEndpoint, { maxLength: 12 }), fc.integer({ min: 1, max: 99 }), (endpoints, share) => {
        const to = [
          { locality: 'a/*', weight: share },
          { locality: 'b', weight: 100 - share },
        ];
        const policy = locality({ distribute: [{ from: '*', to }] });
        const groups = orderLocalities(endpoints, { policy, place: at, detectsFailures: false });
        assert.ok(groups.every(({ locality: { region: there } }) => there === 'a' || there === 'b'));
        for (const { locality: wanted, weight } of to) {
          const members = groups.filter(({ locality: { region: there } }) => there === wanted[0]);
          const sum = members.reduce((total, group) => total + group.weight, 0);
          if (members.length > 0) assert.ok(sum >= weight && sum < weight + members.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
