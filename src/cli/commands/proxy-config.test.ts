// `tidegate proxy-config`: tables and full output of what a proxy has.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import type { ConfigDumpView } from '../../main/run-options.ts';
import { type FakeAdmin, runCommand, startFakeAdmin } from '../testing/run-command.ts';

const listener = {
  name: '0.0.0.0_443',
  address: { socketAddress: { address: '127.0.0.1', portValue: 30443 } },
  filterChains: [
    {
      filterChainMatch: { serverNames: ['a.example.com'] },
      transportSocket: { name: 'envoy.transport_sockets.tls' },
      filters: [{ typedConfig: { rds: { routeConfigName: 'https.443.https.gw.istio-system' } } }],
    },
  ],
  defaultFilterChain: { filters: [{ typedConfig: { cluster: 'outbound|3306||mysql.default.svc.cluster.local' } }] },
};
const routes = {
  name: 'http.80',
  virtualHosts: [
    {
      name: 'a.example.com:80',
      domains: ['a.example.com'],
      routes: [
        {
          match: { prefix: '/api' },
          route: {
            weightedClusters: {
              clusters: [
                { name: 'x', weight: 90 },
                { name: 'y', weight: 10 },
              ],
            },
          },
          metadata: {
            filterMetadata: {
              istio: { config: '/apis/networking.istio.io/v1/namespaces/default/virtual-service/counter' },
            },
          },
        },
        { match: { safeRegex: { regex: '/[0-9]+' } }, directResponse: { status: 500 } },
      ],
    },
    { name: 'blackhole:80', domains: ['*'] },
  ],
};
const cluster = (name: string) => ({ name, version: '1', resource: { name, type: 'EDS' } });
const dump: ConfigDumpView = {
  CDS: [
    cluster('outbound|80|v1|counter.default.svc.cluster.local'),
    { name: 'BlackHoleCluster', version: '1', resource: {} },
  ],
  EDS: [
    {
      name: 'outbound|80||counter.default.svc.cluster.local',
      version: '1',
      resource: {
        endpoints: [
          {
            locality: { region: 'r', zone: 'z' },
            lbEndpoints: [
              {
                endpoint: { address: { socketAddress: { address: '127.1.1.1', portValue: 8080 } } },
                healthStatus: 'HEALTHY',
              },
            ],
          },
        ],
      },
    },
  ],
  LDS: [{ name: '0.0.0.0_443', version: '1', resource: listener }],
  RDS: [{ name: 'http.80', version: '1', resource: routes }],
  SDS: [
    {
      name: 'kubernetes://shop',
      version: '1',
      resource: {
        tlsCertificate: { certificateChain: { inlineString: 'no PEM' }, privateKey: { inlineString: '[redacted]' } },
      },
    },
  ],
};

describe('tidegate proxy-config', () => {
  let admin: FakeAdmin;
  before(async () => {
    admin = await startFakeAdmin({
      'GET /debug/syncz': [{ id: 'router~x', name: 'gw.istio-system', types: {} }],
      'GET /debug/config_dump': dump,
    });
  });
  after(() => admin.close());

  const proxyConfig = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand('proxy-config', ...args, '--admin', admin.address);
    assert.deepEqual([code, stderr], [0, '']);
    return stdout;
  };

  it('prints listeners', async () => {
    assert.equal(
      await proxyConfig('listeners'),
      `NAME          ADDRESS           MATCH                    DESTINATION
0.0.0.0_443   127.0.0.1:30443   SNI: a.example.com TLS   Route: https.443.https.gw.istio-system
0.0.0.0_443   127.0.0.1:30443   ALL                      Cluster: outbound|3306||mysql.default.svc.cluster.local
`,
    );
  });

  it('prints routes with the object they come from', async () => {
    assert.equal(
      await proxyConfig('routes', 'gw'),
      `NAME      VIRTUAL HOST       DOMAINS         MATCH           TARGET           VIRTUAL SERVICE
http.80   a.example.com:80   a.example.com   /api*           x (90), y (10)   counter.default
http.80   a.example.com:80   a.example.com   regex /[0-9]+   status 500       -
http.80   blackhole:80       *               -               status 404       -
`,
    );
  });

  it('prints clusters, endpoints and secrets', async () => {
    assert.equal(
      await proxyConfig('clusters'),
      `SERVICE                             PORT   SUBSET   TYPE     BALANCING
counter.default.svc.cluster.local   80     v1       EDS      ROUND_ROBIN
BlackHoleCluster                    -      -        STATIC   ROUND_ROBIN
`,
    );
    assert.match(await proxyConfig('endpoints'), /^127\.1\.1\.1:8080 {3}HEALTHY {3}r\/z {8}outbound\|80\|\|counter/m);
    assert.match(await proxyConfig('secrets'), /^kubernetes:\/\/shop {3}Cert Chain {3}- /m);
  });

  it('prints all types, and only names that match', async () => {
    const all = await proxyConfig('all', '--name', 'counter');
    assert.deepEqual(all.match(/^[A-Z]+$/gm), ['LISTENERS', 'ROUTES', 'CLUSTERS', 'ENDPOINTS', 'SECRETS']);
    assert.match(all, /^No listeners\.$/m);
    assert.doesNotMatch(all, /BlackHoleCluster/);
  });

  it('prints JSON and YAML of the same resources', async () => {
    assert.deepEqual(JSON.parse(await proxyConfig('routes', '-o', 'json')), [routes]);
    assert.deepEqual(parse(await proxyConfig('listeners', '-o', 'yaml')), [listener]);
    assert.deepEqual(Object.keys(JSON.parse(await proxyConfig('all', '-o', 'json'))), [
      'listeners',
      'routes',
      'clusters',
      'endpoints',
      'secrets',
    ]);
  });

  it('asks pilot with --intended', async () => {
    await proxyConfig('clusters', '--intended');
    assert.match(admin.requests.at(-1)!, /view=intended$/);
  });
});
