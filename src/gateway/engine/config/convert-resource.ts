// The door from bytes to types: decodes one resource, sees that it is called what it was sent as, and converts it.
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import type { ReceivedResource } from '../../../xds/client/ads-client.ts';
import { ClusterSchema } from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../../xds/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { ScopedRouteConfigurationSchema } from '../../../xds/generated/envoy/config/route/v3/scoped_route_pb.ts';
import { SecretSchema } from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { type ConvertedCluster, convertCluster } from './convert-cluster.ts';
import { type ConvertedEndpoints, convertEndpoints } from './convert-endpoints.ts';
import { type ConvertedListener, convertListener } from './convert-listener.ts';
import { convertRouteTable } from './convert-route-table.ts';
import { convertScope } from './convert-scopes.ts';
import { convertSecret } from './convert-secret.ts';
import type { RouteTable, ScopeConfig, SecretConfig } from './engine-config.ts';
import type { Findings } from './findings.ts';

/** Undefined together with an error. */
function decode<Desc extends DescMessage>(
  schema: Desc,
  received: ReceivedResource,
  nameOf: (message: MessageShape<Desc>) => string,
  findings: Findings,
): MessageShape<Desc> | undefined {
  let message: MessageShape<Desc>;
  try {
    message = fromBinary(schema, received.bytes);
  } catch {
    findings.reject(`Unable to unpack as ${schema.typeName}`);
    return undefined;
  }
  const name = nameOf(message);
  if (name === received.name) return message;
  findings.reject(`Unexpected resource name: expected ${received.name}, got ${name}`);
  return undefined;
}

export function convertListenerResource(received: ReceivedResource, findings: Findings): ConvertedListener | undefined {
  const listener = decode(ListenerSchema, received, ({ name }) => name, findings);
  return listener && convertListener(listener, received.version, findings);
}

export function convertRouteResource(received: ReceivedResource, findings: Findings): RouteTable | undefined {
  const table = decode(RouteConfigurationSchema, received, ({ name }) => name, findings);
  return table && convertRouteTable(table, received.version, findings);
}

export function convertScopeResource(received: ReceivedResource, findings: Findings): ScopeConfig | undefined {
  const scope = decode(ScopedRouteConfigurationSchema, received, ({ name }) => name, findings);
  return scope && convertScope(scope, findings);
}

export function convertClusterResource(received: ReceivedResource, findings: Findings): ConvertedCluster | undefined {
  const cluster = decode(ClusterSchema, received, ({ name }) => name, findings);
  return cluster && convertCluster(cluster, received.version, findings);
}

export function convertEndpointsResource(
  received: ReceivedResource,
  findings: Findings,
): ConvertedEndpoints | undefined {
  const assignment = decode(ClusterLoadAssignmentSchema, received, ({ clusterName }) => clusterName, findings);
  return assignment && convertEndpoints(assignment, received.version, findings);
}

/** The value is undefined for kinds of secrets that the engine has no use for. */
export function convertSecretResource(
  received: ReceivedResource,
  findings: Findings,
): { readonly config: SecretConfig | undefined } | undefined {
  const secret = decode(SecretSchema, received, ({ name }) => name, findings);
  return secret && { config: convertSecret(secret, received.version, findings) };
}
