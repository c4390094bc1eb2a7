// Envoy's dump as our own views need it.
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { parseConfigDump, parseListenerStates } from './parse-config-dump.ts';

const listener = (name: string, port: number) => ({
  '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
  name,
  address: { socket_address: { address: '127.0.0.1', port_value: port } },
});
const dump = (type: string, fields: object) => ({ '@type': `type.googleapis.com/envoy.admin.v3.${type}`, ...fields });

const configs = [
  dump('BootstrapConfigDump', { bootstrap: { node: { id: 'x' } } }),
  dump('ClustersConfigDump', {
    static_clusters: [{ cluster: { name: 'xds-grpc' } }],
    dynamic_active_clusters: [
      { version_info: '2', cluster: { '@type': 'x', name: 'b' } },
      { version_info: '1', cluster: { '@type': 'x', name: 'a', type: 'EDS', connect_timeout: '10s' } },
    ],
    dynamic_warming_clusters: [{ version_info: '3', cluster: { '@type': 'x', name: 'b', connect_timeout: '1s' } }],
  }),
  dump('EndpointsConfigDump', {
    static_endpoint_configs: [{ endpoint_config: { cluster_name: 'xds-grpc' } }],
    dynamic_endpoint_configs: [{ version_info: '4', endpoint_config: { '@type': 'x', cluster_name: 'a' } }],
  }),
  dump('ListenersConfigDump', {
    dynamic_listeners: [
      { name: 'w', warming_state: { version_info: '6', listener: listener('w', 2) } },
      {
        name: 'l',
        active_state: { version_info: '5', listener: listener('l', 1) },
        warming_state: { version_info: '6', listener: listener('l', 3) },
      },
      { error_state: { details: 'no' } },
    ],
  }),
  dump('RoutesConfigDump', {
    static_route_configs: [{ route_config: { name: 's' } }],
    dynamic_route_configs: [{ version_info: '7', route_config: { '@type': 'x', name: 'http.80', virtual_hosts: [] } }],
  }),
  dump('SecretsConfigDump', {
    dynamic_active_secrets: [
      {
        name: 'kubernetes://a',
        version_info: '8',
        secret: {
          '@type': 'x',
          name: 'kubernetes://a',
          tls_certificate: {
            certificate_chain: { inline_bytes: 'YQ==' },
            private_key: { inline_bytes: 'W3JlZGFjdGVkXQ==' },
          },
        },
      },
    ],
  }),
];

test('keeps what pilot sent, sorted, with the version that serves', () => {
  assert.deepEqual(parseConfigDump(JSON.stringify({ configs })), {
    CDS: [
      { name: 'a', version: '1', resource: { name: 'a', type: 'EDS', connectTimeout: '10s' } },
      { name: 'b', version: '2', resource: { name: 'b' } },
    ],
    EDS: [{ name: 'a', version: '4', resource: { clusterName: 'a' } }],
    LDS: [
      {
        name: 'l',
        version: '5',
        resource: { name: 'l', address: { socketAddress: { address: '127.0.0.1', portValue: 1 } } },
      },
      {
        name: 'w',
        version: '6',
        resource: { name: 'w', address: { socketAddress: { address: '127.0.0.1', portValue: 2 } } },
      },
    ],
    RDS: [{ name: 'http.80', version: '7', resource: { name: 'http.80' } }],
    SDS: [
      {
        name: 'kubernetes://a',
        version: '8',
        resource: {
          name: 'kubernetes://a',
          tlsCertificate: { certificateChain: { inlineBytes: 'YQ==' }, privateKey: '[redacted]' },
        },
      },
    ],
  });
});

test('is empty for an Envoy without configuration', () => {
  assert.deepEqual(parseConfigDump('{}'), { CDS: [], EDS: [], LDS: [], RDS: [], SDS: [] });
  assert.throws(() => parseConfigDump('not JSON'));
});

test('tells which listeners serve and which warm', () => {
  const entries = configs.flatMap((entry) =>
    'dynamic_listeners' in entry ? (entry.dynamic_listeners as object[]) : [],
  );
  assert.deepEqual(parseListenerStates(JSON.stringify({ configs: entries })), [
    { name: 'l', address: '127.0.0.1', port: 1, state: 'listening', error: undefined },
    { name: 'w', address: '127.0.0.1', port: 2, state: 'warming', error: undefined },
  ]);
});

const cluster = (name: string, type: string) => ({ cluster: { name, type } });
const endpointConfig = (name: string, extra: object = {}) => ({
  endpoint_config: {
    cluster_name: name,
    endpoints: [
      {
        lb_endpoints: [
          {
            endpoint: {
              address: { socket_address: { address: '127.0.0.1', port_value: 80 } },
              health_check_config: {},
            },
            health_status: 'HEALTHY',
          },
        ],
      },
    ],
    ...extra,
  },
});

const dumpEndpoints = (endpoints: readonly object[]) =>
  parseConfigDump(
    JSON.stringify({
      configs: [
        { '@type': 'x.ClustersConfigDump', dynamic_active_clusters: [cluster('a', 'EDS'), cluster('s', 'STATIC')] },
        { '@type': 'x.EndpointsConfigDump', dynamic_endpoint_configs: endpoints },
      ],
    }),
  );

describe("Envoy's endpoints", () => {
  it('are those of EDS only, without the defaults that Envoy spells out', () => {
    const { EDS } = dumpEndpoints([
      endpointConfig('a', { policy: { overprovisioning_factor: 140 } }),
      endpointConfig('s', { policy: { overprovisioning_factor: 140 } }),
    ]);
    assert.deepEqual(EDS, [
      {
        name: 'a',
        version: '',
        resource: {
          clusterName: 'a',
          endpoints: [
            {
              lbEndpoints: [
                {
                  endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: 80 } } },
                  healthStatus: 'HEALTHY',
                },
              ],
            },
          ],
        },
      },
    ]);
  });

  it('keep what is no default', () => {
    const [resource] = dumpEndpoints([endpointConfig('a', { policy: { overprovisioning_factor: 200 } })]).EDS;
    assert.deepEqual((resource!.resource as { policy: unknown }).policy, { overprovisioningFactor: 200 });
  });
});
