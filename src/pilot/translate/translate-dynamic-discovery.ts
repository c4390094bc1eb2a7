// A cluster whose endpoint is what each request names: Envoy's dynamic forward proxy.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  Cluster_DnsLookupFamily,
  type ClusterSchema,
  Cluster_LbPolicy as LbPolicy,
} from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterConfigSchema } from '../../xds/generated/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.ts';
import type { UpstreamTlsSettings } from '../model/build-upstream-tls.ts';

type Discovery = Pick<
  MessageInitShape<typeof ClusterSchema>,
  'clusterDiscoveryType' | 'lbPolicy' | 'lbConfig' | 'commonLbConfig'
>;

/** All ports of a host share one cache. Nothing balances: a name is one endpoint. */
export function translateDynamicDiscovery(host: string, tls: UpstreamTlsSettings | undefined): Discovery {
  const config = create(ClusterConfigSchema, {
    clusterImplementationSpecifier: {
      case: 'dnsCacheConfig',
      value: { name: host, dnsLookupFamily: Cluster_DnsLookupFamily.V4_ONLY },
    },
    // Envoy has to be told where endpoints may be other than what they were asked for; without TLS it cannot know.
    allowInsecureClusterOptions: tls === undefined || tls.sni !== undefined || tls.roots === undefined || tls.isMesh,
  });
  return {
    clusterDiscoveryType: {
      case: 'clusterType',
      value: { name: 'envoy.clusters.dynamic_forward_proxy', typedConfig: anyPack(ClusterConfigSchema, config) },
    },
    lbPolicy: LbPolicy.CLUSTER_PROVIDED,
    lbConfig: { case: undefined },
    commonLbConfig: {},
  };
}
