// What patches are checked for is what a real Envoy refuses: the two are asked about the same resources, good ones among them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { checkCluster } from '../../src/pilot/patch/check-cluster.ts';
import { checkListener } from '../../src/pilot/patch/check-listener.ts';
import { extensionTypes } from '../../src/xds/extension-types.ts';
import { ClusterSchema } from '../../src/xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ListenerSchema } from '../../src/xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { skipDataPlane } from '../e2e/harness/data-planes.ts';
import { validateWithEnvoy } from './validate-with-envoy.ts';

const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;
const filter = (name: string, fields: JsonObject = {}): JsonObject => ({
  name: name.split('.').at(-1) ?? name,
  typedConfig: { '@type': type(`filters.${name}`), ...fields },
});
const router = filter('http.router.v3.Router');
const cors = filter('http.cors.v3.Cors');
const host = (domains: readonly string[], fields: JsonObject = {}): JsonObject => ({
  name: 'h',
  domains: [...domains],
  routes: [{ match: { prefix: '/' }, directResponse: { status: 200 } }],
  ...fields,
});
const manager = (fields: JsonObject = {}, hosts: readonly JsonObject[] = [host(['a'])]): JsonObject =>
  filter('network.http_connection_manager.v3.HttpConnectionManager', {
    statPrefix: 'x',
    routeConfig: { name: 'r', virtualHosts: [...hosts] },
    httpFilters: [router],
    ...fields,
  });
const tcpProxy = filter('network.tcp_proxy.v3.TcpProxy', { statPrefix: 'x', cluster: 'x' });
const listener = (fields: JsonObject): JsonObject => ({
  name: 'l',
  address: { socketAddress: { address: '127.0.0.1', portValue: 18999 } },
  ...fields,
});
const withFilters = (...filters: readonly JsonObject[]) => listener({ filterChains: [{ filters: [...filters] }] });
const withHttp = (...httpFilters: readonly JsonObject[]) => withFilters(manager({ httpFilters: [...httpFilters] }));
const withHosts = (...hosts: readonly JsonObject[]) => withFilters(manager({}, hosts));
const withRoute = (route: JsonObject) => withHosts(host(['a'], { routes: [{ match: { prefix: '/' }, ...route }] }));
const chain = (fields: JsonObject): JsonObject => ({ filters: [tcpProxy], ...fields });
const header = (key: string, value: string) => ({ header: { key, value } });

const listeners: Readonly<Record<string, JsonObject>> = {
  good: withFilters(manager()),
  'without chains': listener({}),
  'a filter without configuration': withHttp({ name: 'x' }, router),
  'an optional one': withHttp({ name: 'x', isOptional: true }, router),
  'two filters of one name': withHttp(cors, cors, router),
  'the router before another': withHttp(router, cors),
  'two virtual hosts of one name': withHosts(host(['a']), host(['b'])),
  'a domain twice': withHosts(host(['a', 'A'])),
  'a domain of two virtual hosts': withHosts(host(['a']), host(['b', 'a'])),
  'a virtual host without domains': withHosts(host([])),
  'a host header added': withHosts(host(['a'], { requestHeadersToAdd: [header('Host', 'x')] })),
  'a pseudo header of answers added': withHosts(host(['a'], { responseHeadersToAdd: [header(':status', 'x')] })),
  'a host header removed': withHosts(host(['a'], { requestHeadersToRemove: ['host'] })),
  'an operator that there is': withHosts(host(['a'], { requestHeadersToAdd: [header('x', '%REQ(y)%')] })),
  'an operator that there is not': withHosts(host(['a'], { requestHeadersToAdd: [header('x', '%FOO%')] })),
  'a line break in a header': withHosts(host(['a'], { requestHeadersToAdd: [header('x', 'a\nb')] })),
  'weights of 0': withRoute({ route: { weightedClusters: { clusters: [{ name: 'x', weight: 0 }] } } }),
  'two ways to rewrite': withRoute({
    route: { cluster: 'x', prefixRewrite: '/a', regexRewrite: { pattern: { regex: 'a' }, substitution: 'b' } },
  }),
  'a status of 42': withRoute({ directResponse: { status: 42 } }),
  'a regular expression': withRoute({ match: { safeRegex: { regex: 'a(b' } }, directResponse: { status: 200 } }),
  'an upgrade twice': withFilters(
    manager({ upgradeConfigs: [{ upgradeType: 'websocket' }, { upgradeType: 'WebSocket' }] }),
  ),
  'a proxy before another filter': withFilters(tcpProxy, manager()),
  'a network filter without configuration': withFilters({ name: 'envoy.filters.network.sni_cluster' }, tcpProxy),
  'no filter that ends the chain': withFilters(filter('network.rbac.v3.RBAC', { statPrefix: 'x' })),
  'a listener filter without configuration': listener({
    filterChains: [chain({})],
    listenerFilters: [{ name: 'envoy.filters.listener.tls_inspector' }],
  }),
  'two chains of one name': listener({
    filterChains: [chain({ name: 'x' }), chain({ name: 'x', filterChainMatch: { serverNames: ['a'] } })],
  }),
  'two chains for all': listener({ filterChains: [chain({ name: 'x' }), chain({ name: 'y' })] }),
  'two chains with one server name': listener({
    filterChains: [
      chain({ filterChainMatch: { serverNames: ['a', 'b'] } }),
      chain({ filterChainMatch: { serverNames: ['b'] } }),
    ],
  }),
  'a partial wildcard': listener({ filterChains: [chain({ filterChainMatch: { serverNames: ['a*'] } })] }),
  'a port beyond all': listener({
    address: { socketAddress: { address: '127.0.0.1', portValue: 70000 } },
    filterChains: [chain({})],
  }),
};

const cluster = (fields: JsonObject): JsonObject => ({ name: 'c', connectTimeout: '1s', ...fields });
const endpoints = (...addresses: readonly string[]): JsonObject => ({
  clusterName: 'c',
  endpoints: [
    {
      lbEndpoints: addresses.map((address) => ({
        endpoint: { address: { socketAddress: { address, portValue: 80 } } },
      })),
    },
  ],
});

const withEndpoint = (endpoint: JsonObject): JsonObject => ({
  clusterName: 'c',
  endpoints: [{ lbEndpoints: [endpoint] }],
});

const clusters: Readonly<Record<string, JsonObject>> = {
  'STATIC without endpoints': cluster({ type: 'STATIC' }),
  'STATIC with an address': cluster({ type: 'STATIC', loadAssignment: endpoints('127.0.0.1') }),
  'STATIC with a name': cluster({ type: 'STATIC', loadAssignment: endpoints('a.example.com') }),
  'STRICT_DNS with a name': cluster({
    type: 'STRICT_DNS',
    loadAssignment: endpoints('a.example.com', 'b.example.com'),
  }),
  'STATIC with an endpoint without address': cluster({
    type: 'STATIC',
    loadAssignment: withEndpoint({ endpoint: {} }),
  }),
  'STATIC with an empty endpoint': cluster({ type: 'STATIC', loadAssignment: withEndpoint({}) }),
  'LOGICAL_DNS with one name': cluster({ type: 'LOGICAL_DNS', loadAssignment: endpoints('a.example.com') }),
  'LOGICAL_DNS with two': cluster({ type: 'LOGICAL_DNS', loadAssignment: endpoints('a.example.com', 'b.example.com') }),
  'LOGICAL_DNS with none': cluster({ type: 'LOGICAL_DNS' }),
  'EDS without a source': cluster({ type: 'EDS' }),
  'a source without EDS': cluster({ type: 'STATIC', edsClusterConfig: { edsConfig: { path: '/x' } } }),
  'ORIGINAL_DST with its policy': cluster({ type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED' }),
  'ORIGINAL_DST with another': cluster({ type: 'ORIGINAL_DST' }),
  'its policy without ORIGINAL_DST': cluster({ type: 'STATIC', lbPolicy: 'CLUSTER_PROVIDED' }),
  'without a name': cluster({ name: '', type: 'STATIC' }),
  'a timeout of 0': cluster({ connectTimeout: '0s', type: 'STATIC' }),
  'a socket without configuration': cluster({ transportSocket: { name: 'envoy.transport_sockets.raw_buffer' } }),
  'no HTTP/2 stream at all': cluster({ http2ProtocolOptions: { maxConcurrentStreams: 0 } }),
};

/** Envoy takes them, and then no request or connection gets anywhere. */
const useless: Readonly<Record<string, JsonObject>> = {
  'a chain without filters': withFilters(),
  'no HTTP filter at all': withHttp(),
};
const uselessClusters: Readonly<Record<string, JsonObject>> = {
  'an endpoint without address': cluster({ type: 'STRICT_DNS', loadAssignment: withEndpoint({ endpoint: {} }) }),
  'an empty endpoint': cluster({ type: 'STRICT_DNS', loadAssignment: withEndpoint({}) }),
};

describe('Envoy refuses what patches are checked for, and nothing else', { skip: skipDataPlane('envoy') }, () => {
  const temporary = mkdtempSync(join(tmpdir(), 'tidegate-checks-'));
  after(() => rmSync(temporary, { recursive: true, force: true }));
  const registry = extensionTypes();

  const refuses = async (resources: JsonObject): Promise<boolean> => {
    const config = join(temporary, 'envoy.json');
    writeFileSync(config, JSON.stringify({ node: { id: 'x', cluster: 'x' }, staticResources: resources }));
    return (await validateWithEnvoy(config)) !== '';
  };
  const x = { name: 'x', type: 'STATIC', connectTimeout: '1s' };

  for (const [name, value] of Object.entries(listeners))
    it(`listener: ${name}`, async () => {
      const violations = checkListener(fromJson(ListenerSchema, value, { registry }));
      assert.equal(await refuses({ listeners: [value], clusters: [x] }), violations.length > 0, violations.join());
    });

  for (const [name, value] of Object.entries(useless))
    it(`not, but we: ${name}`, async () => {
      assert.equal(await refuses({ listeners: [value], clusters: [x] }), false);
      assert.equal(checkListener(fromJson(ListenerSchema, value, { registry })).length, 1);
    });

  for (const [name, value] of Object.entries(uselessClusters))
    it(`not, but we: ${name}`, async () => {
      assert.equal(await refuses({ clusters: [x, value] }), false);
      assert.equal(checkCluster(fromJson(ClusterSchema, value, { registry })).length, 1);
    });

  for (const [name, value] of Object.entries(clusters))
    it(`cluster: ${name}`, async () => {
      const violations = checkCluster(fromJson(ClusterSchema, value, { registry }));
      assert.equal(await refuses({ clusters: [x, value] }), violations.length > 0, violations.join());
    });
});
