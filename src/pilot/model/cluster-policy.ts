// What a DestinationRule says of one cluster, levels merged: the port's settings over the subset's over the host's.
import type { PortTrafficPolicy, TrafficPolicy } from '../resources/destination-rule.ts';
import type { ModelDestinationRule } from './build-destination-rules.ts';

/** Settings of ports do not have what concerns the host as a whole. */
export type ClusterPolicy = PortTrafficPolicy & Omit<TrafficPolicy, 'portLevelSettings' | 'tunnel'>;

const nothing: ClusterPolicy = {
  loadBalancer: undefined,
  connectionPool: undefined,
  outlierDetection: undefined,
  tls: undefined,
  proxyProtocol: undefined,
  retryBudget: undefined,
};

/** Settings of a port replace all of their level's, also those that they leave out, as Istio documents. */
function atPort(policy: TrafficPolicy, port: number): ClusterPolicy {
  const settings = policy.portLevelSettings.find((candidate) => candidate.port === port);
  return settings === undefined ? policy : { ...policy, ...settings };
}

/** What `policy` says, and where it says nothing what `base` does. */
function over(policy: ClusterPolicy, base: ClusterPolicy): ClusterPolicy {
  return {
    loadBalancer: policy.loadBalancer ?? base.loadBalancer,
    connectionPool: policy.connectionPool ?? base.connectionPool,
    outlierDetection: policy.outlierDetection ?? base.outlierDetection,
    tls: policy.tls ?? base.tls,
    retryBudget: policy.retryBudget ?? base.retryBudget,
    proxyProtocol: policy.proxyProtocol ?? base.proxyProtocol,
  };
}

function merge(rule: ModelDestinationRule, subset: string, port: number): ClusterPolicy {
  const { trafficPolicy } = rule;
  const base = trafficPolicy === undefined ? nothing : atPort(trafficPolicy, port);
  const own = rule.subsets.find(({ name }) => name === subset)?.trafficPolicy;
  if (own === undefined) return base;
  const settings = own.portLevelSettings.find((candidate) => candidate.port === port);
  return settings === undefined ? over(own, base) : { ...over(own, base), ...settings };
}

const merged = new WeakMap<ModelDestinationRule, Map<string, ClusterPolicy>>();

/** Equal questions get the same object. */
export function clusterPolicy(rule: ModelDestinationRule | undefined, subset: string, port: number): ClusterPolicy {
  if (rule === undefined) return nothing;
  const known = merged.get(rule) ?? new Map<string, ClusterPolicy>();
  merged.set(rule, known);
  const key = `${subset} ${port}`;
  const policy = known.get(key) ?? merge(rule, subset, port);
  known.set(key, policy);
  return policy;
}
