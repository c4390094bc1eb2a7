// What consistent hashing looks at: in a request, and in a TCP connection.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteAction_HashPolicySchema } from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import type { HashPolicySchema } from '../../xds/generated/envoy/type/v3/hash_policy_pb.ts';
import type { ClusterPolicy, HashKey } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';

function specifier(
  key: HashKey,
): NonNullable<MessageInitShape<typeof RouteAction_HashPolicySchema>['policySpecifier']> {
  switch (key.kind) {
    case 'header':
      return { case: 'header', value: { headerName: key.name } };
    case 'queryParameter':
      return { case: 'queryParameter', value: { name: key.name } };
    case 'sourceIp':
      return { case: 'connectionProperties', value: { sourceIp: true } };
    case 'cookie': {
      const { name, path, ttlMs, attributes } = key;
      return {
        case: 'cookie',
        value: {
          name,
          path,
          attributes: attributes.map((attribute) => ({ ...attribute })),
          ...(ttlMs === undefined ? {} : { ttl: duration(ttlMs) }),
        },
      };
    }
  }
}

const keyOf = ({ loadBalancer }: ClusterPolicy): readonly HashKey[] =>
  typeof loadBalancer?.policy === 'object' ? [loadBalancer.policy.key] : [];

/** One for each cluster that hashes. */
export const translateHashPolicies = (
  policies: readonly ClusterPolicy[],
): MessageInitShape<typeof RouteAction_HashPolicySchema>[] =>
  policies.flatMap(keyOf).map((key) => ({ policySpecifier: specifier(key) }));

/** A connection has nothing else to tell it by. */
export const translateTcpHashPolicies = (
  policies: readonly ClusterPolicy[],
): MessageInitShape<typeof HashPolicySchema>[] =>
  policies.flatMap(keyOf).some(({ kind }) => kind === 'sourceIp')
    ? [{ policySpecifier: { case: 'sourceIp', value: {} } }]
    : [];
