// What Envoy dumps, in the form that can be compared with what pilot intended.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfigDump } from './parse-config-dump.ts';

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

const dump = (endpoints: readonly object[]) =>
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
    const { EDS } = dump([
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
    const [resource] = dump([endpointConfig('a', { policy: { overprovisioning_factor: 200 } })]).EDS;
    assert.deepEqual((resource!.resource as { policy: unknown }).policy, { overprovisioningFactor: 200 });
  });
});
