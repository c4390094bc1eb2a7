// A set of resources as one static bootstrap, so that a real Envoy can judge all of it without a management server.
import { fromBinary, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import { SecretSchema } from '../../src/xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import type { ResourceSet } from '../../src/xds/resource.ts';
import { resourceToJson } from '../../src/xds/resource-json.ts';
import { adsCluster, fileSecretCluster } from '../../src/xds/resource-names.ts';
import { type TypeUrl, typeUrls } from '../../src/xds/type-urls.ts';

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function jsonOf(set: ResourceSet, typeUrl: TypeUrl): ReadonlyMap<string, JsonObject> {
  const resources = [...(set.get(typeUrl)?.values() ?? [])];
  return new Map(resources.map(({ name, bytes }) => [name, resourceToJson(typeUrl, bytes)]));
}

/** Private keys included: Envoy shall see whether they fit. */
function certificates(set: ResourceSet): ReadonlyMap<string, JsonValue> {
  const secrets = [...(set.get(typeUrls.secret)?.values() ?? [])];
  return new Map(
    secrets.map(({ name, bytes }) => {
      const json = toJson(SecretSchema, fromBinary(SecretSchema, bytes));
      return [name, isObject(json) ? (json.tlsCertificate ?? null) : null];
    }),
  );
}

interface Known {
  readonly routes: ReadonlyMap<string, JsonObject>;
  readonly certificates: ReadonlyMap<string, JsonValue>;
}

/** Route tables and certificates in the place of their names. */
function inline(value: JsonValue, known: Known): JsonValue {
  if (Array.isArray(value)) return value.map((item) => inline(item, known));
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [key, inner] of Object.entries(value)) {
    const secret =
      key === 'tlsCertificateSdsSecretConfigs' && Array.isArray(inner) && isObject(inner[0])
        ? known.certificates.get(String(inner[0].name))
        : undefined;
    if (key === 'rds' && isObject(inner)) out.routeConfig = known.routes.get(String(inner.routeConfigName)) ?? {};
    else if (secret !== undefined) out.tlsCertificates = [secret];
    else out[key] = inline(inner, known);
  }
  return out;
}

const controlPlaneCluster = (name: string): JsonObject => ({
  name,
  type: 'STATIC',
  connectTimeout: '1s',
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicitHttpConfig: { http2ProtocolOptions: {} },
    },
  },
});

const fromAdsCluster: JsonObject = {
  apiConfigSource: {
    apiType: 'GRPC',
    transportApiVersion: 'V3',
    grpcServices: [{ envoyGrpc: { clusterName: adsCluster } }],
  },
  resourceApiVersion: 'V3',
};

/** Static clusters are made before there is ADS, which Envoy does not survive: the same source by another way. */
function withoutAds(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutAds);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, JsonValue] =>
    key === 'sdsConfig' && isObject(inner) && inner.ads !== undefined
      ? [key, fromAdsCluster]
      : [key, withoutAds(inner)],
  );
  return Object.fromEntries(entries);
}

function staticCluster(cluster: JsonObject, endpoints: ReadonlyMap<string, JsonObject>): JsonObject {
  const { edsClusterConfig, ...others } = cluster;
  const rest = withoutAds(others) as JsonObject;
  if (edsClusterConfig === undefined) return rest;
  const assignment = endpoints.get(String(cluster.name)) ?? { clusterName: cluster.name ?? '' };
  return { ...rest, type: 'STATIC', loadAssignment: assignment };
}

export function staticBootstrap(set: ResourceSet): JsonObject {
  const known = { routes: jsonOf(set, typeUrls.route), certificates: certificates(set) };
  const endpoints = jsonOf(set, typeUrls.endpoint);
  const clusters = [...jsonOf(set, typeUrls.cluster).values()].map((cluster) => staticCluster(cluster, endpoints));
  return {
    node: { id: 'validate', cluster: 'validate' },
    dynamicResources: {
      adsConfig: {
        apiType: 'GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: adsCluster } }],
      },
    },
    staticResources: {
      listeners: [...jsonOf(set, typeUrls.listener).values()].map((listener) => inline(listener, known)),
      clusters: [controlPlaneCluster(adsCluster), controlPlaneCluster(fileSecretCluster), ...clusters],
    },
    layeredRuntime: {
      layers: [{ name: 'static', staticLayer: { 're2.max_program_size.error_level': 32768 } }],
    },
  };
}
