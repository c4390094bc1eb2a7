// What a DestinationRule says of one cluster, levels merged: the port's settings over the subset's over the host's.
import type { PortTrafficPolicy, TrafficPolicy } from '../resources/destination-rule.ts';
import type { ModelDestinationRule } from './build-destination-rules.ts';

export type ClusterPolicy = PortTrafficPolicy;

const nothing: ClusterPolicy = { loadBalancer: undefined };

/** Settings of a port replace all of their level's, also those that they leave out, as Istio documents. */
function atPort(policy: TrafficPolicy, port: number): ClusterPolicy {
  return policy.portLevelSettings.find((settings) => settings.port === port) ?? policy;
}

function merge(rule: ModelDestinationRule, subset: string, port: number): ClusterPolicy {
  const { trafficPolicy } = rule;
  const base = trafficPolicy === undefined ? nothing : atPort(trafficPolicy, port);
  const own = rule.subsets.find(({ name }) => name === subset)?.trafficPolicy;
  if (own === undefined) return base;
  const settings = atPort(own, port);
  if (settings !== own) return settings;
  return { loadBalancer: own.loadBalancer ?? base.loadBalancer };
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
