// Clusters whose requests name their endpoint: what of Envoy's dynamic forward proxy is done, and what is said of the rest.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  Cluster_DnsLookupFamily,
  ClusterSchema,
  Cluster_LbPolicy as LbPolicy,
} from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterConfigSchema } from '../../../xds/generated/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.ts';
import { convertCluster } from './convert-cluster.ts';
import { createFindings } from './findings.ts';

function convert(config: MessageInitShape<typeof ClusterConfigSchema>) {
  const findings = createFindings();
  const typedConfig = anyPack(ClusterConfigSchema, create(ClusterConfigSchema, config));
  const cluster = create(ClusterSchema, {
    name: 'c',
    lbPolicy: LbPolicy.CLUSTER_PROVIDED,
    clusterDiscoveryType: { case: 'clusterType', value: { name: 'dynamic', typedConfig } },
  });
  const { base } = convertCluster(cluster, '1', findings);
  return { dynamic: base.dynamic, findings };
}

describe('a dynamic forward proxy', () => {
  it("has Envoy's defaults", () => {
    const { dynamic, findings } = convert({
      clusterImplementationSpecifier: { case: 'dnsCacheConfig', value: { name: 'cache' } },
    });
    assert.deepEqual(dynamic, { family: 'auto', refreshMs: 60_000, hostTtlMs: 300_000, maxHosts: 1024 });
    assert.deepEqual([findings.errors, findings.warnings], [[], []]);
  });

  it('takes what it is told', () => {
    const { dynamic } = convert({
      clusterImplementationSpecifier: {
        case: 'dnsCacheConfig',
        value: {
          name: 'cache',
          dnsLookupFamily: Cluster_DnsLookupFamily.V4_ONLY,
          dnsRefreshRate: { seconds: 5n },
          hostTtl: { seconds: 7n },
          maxHosts: 3,
        },
      },
    });
    assert.deepEqual(dynamic, { family: 4, refreshMs: 5000, hostTtlMs: 7000, maxHosts: 3 });
  });

  it('is not done without a cache of its own', () => {
    const { dynamic, findings } = convert({
      clusterImplementationSpecifier: { case: 'subClustersConfig', value: {} },
    });
    assert.equal(dynamic, undefined);
    assert.ok(findings.warnings.some((warning) => warning.includes('dns_cache_config')));
  });
});
