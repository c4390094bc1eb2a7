// What consistent hashing looks at: in a request, and in a TCP connection.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteAction_HashPolicySchema } from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import type { HashPolicySchema } from '../../xds/generated/envoy/type/v3/hash_policy_pb.ts';
import type { HashKey } from '../model/proxy-view.ts';
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

export const translateHashPolicies = (
  keys: readonly HashKey[],
): MessageInitShape<typeof RouteAction_HashPolicySchema>[] => keys.map((key) => ({ policySpecifier: specifier(key) }));

/** A connection has nothing else to tell it by. */
export const translateTcpHashPolicies = (keys: readonly HashKey[]): MessageInitShape<typeof HashPolicySchema>[] =>
  keys.some(({ kind }) => kind === 'sourceIp') ? [{ policySpecifier: { case: 'sourceIp', value: {} } }] : [];
