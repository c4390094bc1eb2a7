// An extension provider → Envoy's ext_authz, for requests and for connections, with the values that Istio gives it.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ApiVersion } from '../../xds/generated/envoy/config/core/v3/config_source_pb.ts';
import type { GrpcServiceSchema } from '../../xds/generated/envoy/config/core/v3/grpc_service_pb.ts';
import {
  type ExtAuthz,
  ExtAuthzSchema,
  type HttpServiceSchema,
} from '../../xds/generated/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.ts';
import {
  type ExtAuthz as NetworkExtAuthz,
  ExtAuthzSchema as NetworkExtAuthzSchema,
} from '../../xds/generated/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.ts';
import type { MetadataMatcherSchema } from '../../xds/generated/envoy/type/matcher/v3/metadata_pb.ts';
import type {
  ListStringMatcherSchema,
  StringMatcherSchema,
} from '../../xds/generated/envoy/type/matcher/v3/string_pb.ts';
import type { StatusCode } from '../../xds/generated/envoy/type/v3/http_status_pb.ts';
import type { AuthorizationService } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';
import { targetName } from './translate-route.ts';

/** Under which RBAC writes down the rule that it found. */
export const shadowRulesPrefix = 'istio_ext_authz_';

/** Asks only about what RBAC has found a rule of this provider for. */
const whereFound = (
  filter: string,
  { settings }: AuthorizationService,
): MessageInitShape<typeof MetadataMatcherSchema> => ({
  filter,
  path: [{ segment: { case: 'key', value: `${shadowRulesPrefix}shadow_effective_policy_id` } }],
  value: {
    matchPattern: {
      case: 'stringMatch',
      value: { matchPattern: { case: 'prefix', value: `istio-ext-authz-${settings.name}` } },
    },
  },
});

/** `*suffix`, `prefix*` or the name itself. */
function headerPattern(text: string): MessageInitShape<typeof StringMatcherSchema> {
  if (text.startsWith('*')) return { matchPattern: { case: 'suffix', value: text.slice(1) }, ignoreCase: true };
  if (text.endsWith('*')) return { matchPattern: { case: 'prefix', value: text.slice(0, -1) }, ignoreCase: true };
  return { matchPattern: { case: 'exact', value: text }, ignoreCase: true };
}

const patterns = (texts: readonly string[]): MessageInitShape<typeof ListStringMatcherSchema> | undefined =>
  texts.length === 0 ? undefined : { patterns: texts.map(headerPattern) };

/** Fields without a value are left out. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function httpService(
  service: AuthorizationService,
  http: NonNullable<AuthorizationService['settings']['http']>,
): MessageInitShape<typeof HttpServiceSchema> {
  const { settings, target } = service;
  const answers = given({
    allowedUpstreamHeaders: patterns(http.toUpstreamOnAllow),
    allowedClientHeaders: patterns(http.toDownstreamOnDeny),
    allowedClientHeadersOnSuccess: patterns(http.toDownstreamOnAllow),
  });
  return {
    pathPrefix: http.pathPrefix,
    serverUri: {
      timeout: duration(settings.timeoutMs),
      // Envoy wants one and goes by the cluster.
      uri: `http://${target.host}`,
      httpUpstreamType: { case: 'cluster', value: targetName(target) },
    },
    ...(http.additionalHeaders.length > 0 && {
      authorizationRequest: { headersToAdd: http.additionalHeaders.map(([key, value]) => ({ key, value })) },
    }),
    ...(Object.keys(answers).length > 0 && { authorizationResponse: answers }),
  };
}

function grpcService(service: AuthorizationService): MessageInitShape<typeof GrpcServiceSchema> {
  const { settings, target } = service;
  return {
    targetSpecifier: { case: 'envoyGrpc', value: { clusterName: targetName(target), authority: target.host } },
    timeout: duration(settings.timeoutMs),
  };
}

/** `hidden`: headers that the provider is not told of, whatever it asks for. */
export function translateExtAuthz(service: AuthorizationService, hidden: readonly string[]): ExtAuthz {
  const { settings } = service;
  const { http, body } = settings;
  const allowedHeaders = patterns(http?.includedHeaders ?? []);
  const disallowedHeaders = patterns(hidden);
  return create(ExtAuthzSchema, {
    services:
      http === undefined
        ? { case: 'grpcService', value: grpcService(service) }
        : { case: 'httpService', value: httpService(service, http) },
    transportApiVersion: ApiVersion.V3,
    failureModeAllow: settings.failOpen,
    clearRouteCache: settings.clearRouteCache,
    filterEnabledMetadata: whereFound('envoy.filters.http.rbac', service),
    ...(settings.statusOnError !== undefined && { statusOnError: { code: settings.statusOnError as StatusCode } }),
    ...(allowedHeaders && { allowedHeaders }),
    ...(disallowedHeaders && { disallowedHeaders }),
    ...(body && {
      withRequestBody: {
        maxRequestBytes: body.maxBytes,
        allowPartialMessage: body.allowPartial,
        packAsBytes: body.packAsBytes,
      },
    }),
  });
}

export function translateNetworkExtAuthz(service: AuthorizationService): NetworkExtAuthz {
  return create(NetworkExtAuthzSchema, {
    statPrefix: 'tcp.',
    failureModeAllow: service.settings.failOpen,
    transportApiVersion: ApiVersion.V3,
    grpcService: grpcService(service),
    filterEnabledMetadata: whereFound('envoy.filters.network.rbac', service),
  });
}
