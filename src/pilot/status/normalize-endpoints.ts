// Endpoints as Envoy dumps them are its hosts, not what it was sent: this takes both forms to one that can be compared.
import { sortKeys } from './sort-keys.ts';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const asFields = (value: unknown): Fields => (isFields(value) ? value : {});
const asList = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(asFields) : []);
const toText = (value: unknown): string => JSON.stringify(sortKeys(value));
const byText = (a: unknown, b: unknown): number => (toText(a) < toText(b) ? -1 : 1);

/** Health is what the proxy measures; a weight of 1 is the default that Envoy writes out. */
function normalizeEndpoint(endpoint: Fields): Fields {
  const { healthStatus: _measured, ...sent } = endpoint;
  return { ...sent, loadBalancingWeight: sent.loadBalancingWeight ?? 1 };
}

/** Envoy writes the weight 0 where a locality was sent without one. */
function normalizeLocality(locality: Fields): Fields {
  const { loadBalancingWeight: weight, ...sent } = locality;
  return {
    ...sent,
    locality: asFields(sent.locality),
    lbEndpoints: asList(sent.lbEndpoints).map(normalizeEndpoint).sort(byText),
    ...(weight === undefined || weight === 0 ? {} : { loadBalancingWeight: weight }),
  };
}

/** A ClusterLoadAssignment in protobuf JSON, without what a proxy adds to it. Order is no difference. Other values stay as they are. */
export function normalizeEndpoints(assignment: unknown): unknown {
  if (!isFields(assignment)) return assignment;
  const { endpoints, policy: _defaults, ...rest } = assignment;
  const localities = asList(endpoints).map(normalizeLocality);
  return { ...rest, endpoints: localities.filter((locality) => asList(locality.lbEndpoints).length > 0).sort(byText) };
}
