// The cluster of requests that name their endpoint themselves: Envoy's dynamic forward proxy.
import type { Any } from '@bufbuild/protobuf/wkt';
import { Cluster_DnsLookupFamily as DnsLookupFamily } from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterConfigSchema } from '../../../xds/generated/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.ts';
import { durationMs } from './duration-ms.ts';
import type { DynamicConfig } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { unpackAny } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

// Whether names are checked is what the cluster's own options say; that it may be otherwise changes nothing here.
const clusterFields = new Set(['clusterImplementationSpecifier', 'allowInsecureClusterOptions']);
const cacheFields = new Set(['name', 'dnsLookupFamily', 'dnsRefreshRate', 'hostTtl', 'maxHosts']);
const oneMinute = 60_000;

/** Undefined where it is another kind of cluster. */
export function convertDynamic(any: Any | undefined, findings: Findings): DynamicConfig | undefined {
  const config = unpackAny(any, ClusterConfigSchema, findings);
  if (config === undefined) return undefined;
  warnUnhandledFields(config, clusterFields, findings);
  const { clusterImplementationSpecifier: kind } = config;
  if (kind.case !== 'dnsCacheConfig') {
    findings.warn('a dynamic_forward_proxy without dns_cache_config is not supported by the embedded engine');
    return undefined;
  }
  warnUnhandledFields(kind.value, cacheFields, findings);
  const { dnsLookupFamily, dnsRefreshRate, hostTtl, maxHosts } = kind.value;
  return {
    family: dnsLookupFamily === DnsLookupFamily.V6_ONLY ? 6 : dnsLookupFamily === DnsLookupFamily.AUTO ? 'auto' : 4,
    refreshMs: durationMs(dnsRefreshRate, oneMinute),
    hostTtlMs: durationMs(hostTtl, 5 * oneMinute),
    maxHosts: maxHosts ?? 1024,
  };
}
