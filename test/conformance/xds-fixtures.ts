// Small resources that refer to each other as real ones do, for the xDS suites.
import { create } from '@bufbuild/protobuf';
import { ClusterSchema } from '../../src/xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../src/xds/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../../src/xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../src/xds/generated/envoy/config/route/v3/route_pb.ts';
import { SecretSchema } from '../../src/xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import {
  createXdsResource,
  type ResourceReference,
  type ResourceSet,
  type XdsResource,
} from '../../src/xds/resource.ts';
import { type TypeUrl, typeUrls } from '../../src/xds/type-urls.ts';

const refs = (typeUrl: TypeUrl, names: readonly string[]): ResourceReference[] =>
  names.map((name) => ({ typeUrl, name }));

/** `variant` changes the content and so the version. */
export const cluster = (name: string, variant = 0): XdsResource =>
  createXdsResource(
    typeUrls.cluster,
    ClusterSchema,
    name,
    create(ClusterSchema, { name, altStatName: `v${variant}` }),
    { references: refs(typeUrls.endpoint, [name]) },
  );

export const endpoints = (name: string, variant = 0): XdsResource =>
  createXdsResource(
    typeUrls.endpoint,
    ClusterLoadAssignmentSchema,
    name,
    create(ClusterLoadAssignmentSchema, {
      clusterName: name,
      policy: { endpointStaleAfter: { seconds: BigInt(variant + 1) } },
    }),
  );

export const route = (name: string, clusters: readonly string[], variant = 0): XdsResource =>
  createXdsResource(
    typeUrls.route,
    RouteConfigurationSchema,
    name,
    create(RouteConfigurationSchema, { name, internalOnlyHeaders: [`v${variant}`, ...clusters] }),
    {
      references: refs(typeUrls.cluster, clusters),
      owners: [{ kind: 'VirtualService', namespace: 'default', name }],
    },
  );

export const listener = (name: string, routes: readonly string[], variant = 0): XdsResource =>
  createXdsResource(
    typeUrls.listener,
    ListenerSchema,
    name,
    create(ListenerSchema, { name, statPrefix: `v${variant} ${routes.join()}` }),
    {
      references: refs(typeUrls.route, routes),
      owners: [{ kind: 'Gateway', namespace: 'istio-system', name }],
    },
  );

export const secret = (name: string, variant = 0): XdsResource =>
  createXdsResource(
    typeUrls.secret,
    SecretSchema,
    name,
    create(SecretSchema, {
      name,
      type: {
        case: 'tlsCertificate',
        value: {
          certificateChain: { specifier: { case: 'inlineString', value: `certificate ${variant}` } },
          privateKey: { specifier: { case: 'inlineString', value: `very private ${variant}` } },
        },
      },
    }),
  );

export function resourceSet(...resources: readonly XdsResource[]): ResourceSet {
  const set = new Map<TypeUrl, Map<string, XdsResource>>();
  for (const resource of resources) {
    const type = set.get(resource.typeUrl) ?? new Map<string, XdsResource>();
    set.set(resource.typeUrl, type.set(resource.name, resource));
  }
  return set;
}

/** Name → version, sorted, of one type. */
export const versionsOf = (
  resources: ReadonlyMap<string, { readonly version: string }> | undefined,
): Record<string, string> =>
  Object.fromEntries([...(resources ?? [])].map(([name, r]): [string, string] => [name, r.version]).sort());
