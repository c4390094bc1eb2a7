// Scoped tables: which scope a domain gets, and that a step-by-step result is the one from scratch.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { PersistentMap } from '../../../lib/incremental/persistent-map.ts';
import { RouteConfigurationSchema } from '../../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { ScopedRouteConfigurationSchema } from '../../../xds/generated/envoy/config/route/v3/scoped_route_pb.ts';
import { defaultProxyConfig } from '../../model/proxy-config.ts';
import type { RouteTableView, VirtualHostView } from '../../model/proxy-view.ts';
import { type EncodedTable, encodeRouteTable } from '../translate-route-table.ts';
import { type ScopedTable, scopeOf, translateScopedTable } from './translate-scoped-table.ts';

const virtualHost = (domains: readonly string[], status: number): VirtualHostView => ({
  domains,
  port: 80,
  httpsRedirect: false,
  routes: [
    {
      name: '',
      path: { kind: 'prefix', value: '/', caseSensitive: true },
      headers: [],
      queryParams: [],
      statPrefix: undefined,
      headerOperations: [],
      fault: undefined,
      corsPolicy: undefined,
      action: { kind: 'direct', status, body: undefined },
      owner: { kind: 'VirtualService', namespace: 'default', name: domains[0] ?? '' },
      virtualService: { namespace: 'default', name: domains[0] ?? '' },
      port: 80,
    } as unknown as VirtualHostView['routes'][number],
  ],
});

const tableOf = (virtualHosts: PersistentMap<VirtualHostView>): RouteTableView => ({
  key: { kind: 'http', targetPort: 80, bind: undefined },
  port: 80,
  virtualHosts,
  misdirected: [],
  unrouted: [],
  owners: [],
});

interface Made {
  readonly encoded: EncodedTable;
  readonly scoped: ScopedTable;
}

function make(previous: Made | undefined, virtualHosts: PersistentMap<VirtualHostView>): Made {
  const table = tableOf(virtualHosts);
  const encoded = encodeRouteTable(previous?.encoded, table, defaultProxyConfig.headers);
  const { output } = encoded.encoded;
  const scoped = translateScopedTable(previous?.scoped, table, output, encoded.others.value, PersistentMap.empty());
  return { encoded, scoped };
}

const shown = ({ scoped }: Made) =>
  [...scoped.scopes.values(), ...scoped.routes.values()]
    .map(({ typeUrl, name, version, bytes }) =>
      [typeUrl, name, version, Buffer.from(bytes).toString('base64')].join(' '),
    )
    .sort();

describe('a scoped table', () => {
  it('has a scope for each name and wildcard, and one for all that a name cannot find', () => {
    const cases = {
      'a.test': 'a.test',
      '*.a.test': '*.a.test',
      '*.test': '*',
      '*': '*',
      '::1': '*',
      '10.0.0.1': '10.0.0.1',
    };
    for (const [domain, scope] of Object.entries(cases)) assert.equal(scopeOf(domain), scope, domain);
    const { scoped } = make(
      undefined,
      PersistentMap.from([['one', virtualHost(['a.test', '*.b.a.test', '*.test', '*'], 200)]]),
    );
    assert.deepEqual([...scoped.scopes.keys()].sort(), [
      'http.80/*',
      'http.80/*.b.a.test',
      'http.80/?a.test',
      'http.80/a.test',
    ]);
    for (const { name, bytes } of scoped.scopes.values()) {
      const scope = fromBinary(ScopedRouteConfigurationSchema, bytes);
      assert.deepEqual([scope.name, scope.routeConfigurationName], [name, name]);
      assert.equal(scope.key?.fragments[0]?.type.value, name);
    }
    const domains = (name: string) =>
      fromBinary(RouteConfigurationSchema, scoped.routes.get(name)?.bytes ?? new Uint8Array()).virtualHosts.map(
        (one) => one.domains,
      );
    assert.deepEqual(domains('http.80/a.test'), [['a.test']]);
    assert.deepEqual(domains('http.80/*'), [['*'], ['*.test']]);
  });

  it('is, after any changes, what it would be if it were made anew', () => {
    const domain = fc.constantFrom('a.test', 'b.test', '*.a.test', '*.b.a.test', '*.c.test', '*.test', '*', '::1');
    const step = fc.tuple(fc.constantFrom('1', '2', '3'), fc.uniqueArray(domain, { maxLength: 3 }), fc.nat({ max: 2 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let hosts = PersistentMap.empty<VirtualHostView>();
        let made = make(undefined, hosts);
        for (const [key, domains, status] of steps) {
          // A domain has one virtual host only.
          const taken = new Set([...hosts].flatMap(([other, view]) => (other === key ? [] : view.domains)));
          const free = domains.filter((one) => !taken.has(one));
          hosts = hosts.change([[key, free.length === 0 ? undefined : virtualHost(free, 200 + status)]]);
          made = make(made, hosts);
        }
        assert.deepEqual(shown(made), shown(make(undefined, hosts)));
      }),
    );
  });
});
