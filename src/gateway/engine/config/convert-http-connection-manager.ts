// The network filter that speaks HTTP: its routes, filters, limits and logs.
import { createHash } from 'node:crypto';
import { toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores } from '../../../xds/generated/envoy/config/core/v3/protocol_pb.ts';
import { RouteConfigurationSchema } from '../../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { BufferSchema } from '../../../xds/generated/envoy/extensions/filters/http/buffer/v3/buffer_pb.ts';
import { CompressorSchema } from '../../../xds/generated/envoy/extensions/filters/http/compressor/v3/compressor_pb.ts';
import { CorsSchema } from '../../../xds/generated/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import { ExtAuthzSchema } from '../../../xds/generated/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.ts';
import { HTTPFaultSchema } from '../../../xds/generated/envoy/extensions/filters/http/fault/v3/fault_pb.ts';
import { FilterConfigSchema } from '../../../xds/generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.ts';
import { GrpcWebSchema } from '../../../xds/generated/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.ts';
import { JwtAuthenticationSchema } from '../../../xds/generated/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts';
import { LocalRateLimitSchema } from '../../../xds/generated/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts';
import { RBACSchema } from '../../../xds/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { RouterSchema } from '../../../xds/generated/envoy/extensions/filters/http/router/v3/router_pb.ts';
import {
  type HttpConnectionManager as EnvoyManager,
  HttpConnectionManager_ForwardClientCertDetails as ForwardDetails,
  type HttpFilter,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
  HttpConnectionManager_PathWithEscapedSlashesAction as SlashesAction,
} from '../../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { scopedLowerCaseFilter, scopedWildcardFilter } from '../../../xds/resource-names.ts';
import type { ChainContext } from './chain-context.ts';
import { convertAccessLogs } from './convert-access-log.ts';
import { convertCompressor, joinCompressions } from './convert-compressor.ts';
import { convertDownstreamLimits } from './convert-downstream-limits.ts';
import { convertExtAuthz } from './convert-ext-authz.ts';
import { preservesHeaderCase } from './convert-header-case.ts';
import { convertJwtAuthn } from './convert-jwt-authn.ts';
import { convertLocalRateLimit } from './convert-local-rate-limit.ts';
import { convertRbac, rbacFields } from './convert-rbac.ts';
import { convertRouteTable } from './convert-route-table.ts';
import { convertScopedRoutes } from './convert-scopes.ts';
import { durationMs } from './duration-ms.ts';
import type { ForwardClientCert, Guard, HttpConnectionManager } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { extensionType, notRegistered, unpackAny } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const managerFields = new Set([
  ...['statPrefix', 'routeSpecifier', 'httpFilters', 'serverName', 'useRemoteAddress', 'xffNumTrustedHops'],
  ...['normalizePath', 'mergeSlashes', 'streamIdleTimeout', 'maxRequestHeadersKb', 'upgradeConfigs', 'accessLog'],
  ...['commonHttpProtocolOptions', 'httpProtocolOptions', 'http2ProtocolOptions', 'pathWithEscapedSlashesAction'],
  ...['requestTimeout', 'requestHeadersTimeout'],
  // The engine makes no spans, and always answers Expect and makes request ids as here.
  ...['serverHeaderTransformation', 'generateRequestId', 'appendXForwardedPort'],
  ...['tracing', 'forwardClientCertDetails', 'setCurrentClientCertDetails', 'proxy100Continue', 'requestIdExtension'],
  'earlyHeaderMutationExtensions',
  // Time that a connection gets to close, and internal addresses, which a gateway at the edge has none of.
  ...['delayedCloseTimeout', 'drainTimeout', 'internalAddressConfig'],
]);

const router: string = RouterSchema.typeName;
/** Served, or without effect until a route configures them (which is warned of there). */
const knownFilters: ReadonlySet<string> = new Set([
  router,
  CorsSchema.typeName,
  HTTPFaultSchema.typeName,
  FilterConfigSchema.typeName,
  GrpcWebSchema.typeName,
  RBACSchema.typeName,
  ExtAuthzSchema.typeName,
  JwtAuthenticationSchema.typeName,
  LocalRateLimitSchema.typeName,
  BufferSchema.typeName,
  CompressorSchema.typeName,
]);
/** Filters that decide whether a request may pass: without them it must not be served at all. */
const guards = /\.(oauth2|basic_auth|api_key_auth|csrf|ratelimit|wasm|lua|ext_proc|golang)\./;

const fiveMinutes = 300_000;

export function convertHttpConnectionManager(
  manager: EnvoyManager,
  context: ChainContext,
  findings: Findings,
): HttpConnectionManager {
  warnUnhandledFields(manager, managerFields, findings);
  const common = manager.commonHttpProtocolOptions;
  if (manager.statPrefix === '')
    findings.constraint('HttpConnectionManager', 'StatPrefix', 'value length must be at least 1 characters');
  return {
    kind: 'http',
    statPrefix: manager.statPrefix,
    routeConfigName: nameRoutes(manager, context, findings),
    ...scopeRoutes(manager, findings),
    serverName: manager.serverName || 'envoy',
    ...convertServerHeader(manager.serverHeaderTransformation),
    ...(preservesHeaderCase(manager.httpProtocolOptions, findings) && { preservesHeaderCase: true }),
    ...(manager.generateRequestId === false && { generateRequestId: false }),
    ...(manager.appendXForwardedPort && { appendXForwardedPort: true }),
    ...(suppressesEnvoyHeaders(manager.httpFilters) && { suppressEnvoyHeaders: true }),
    useRemoteAddress: manager.useRemoteAddress ?? false,
    xffNumTrustedHops: manager.xffNumTrustedHops,
    forwardClientCert: convertForwardClientCert(manager),
    normalizePath: manager.normalizePath ?? false,
    mergeSlashes: manager.mergeSlashes,
    escapedSlashes:
      slashActions.find((name) => SlashesAction[name] === manager.pathWithEscapedSlashesAction) ?? 'KEEP_UNCHANGED',
    ...convertUnderscores(common?.headersWithUnderscoresAction),
    limits: convertDownstreamLimits(manager, findings),
    streamIdleTimeoutMs: durationMs(manager.streamIdleTimeout, fiveMinutes),
    maxRequestHeadersKb: manager.maxRequestHeadersKb ?? 60,
    maxRequestHeadersCount: common?.maxHeadersCount ?? 100,
    upgradeTypes: manager.upgradeConfigs
      .filter(({ enabled }) => enabled ?? true)
      .map(({ upgradeType }) => upgradeType.toLowerCase()),
    httpFilters: nameFilters(manager.httpFilters, findings),
    ...convertGuards(manager.httpFilters, context, findings),
    ...convertCompressors(manager.httpFilters, findings),
    grpcWeb: manager.httpFilters.some(
      (filter) => !filter.disabled && extensionType(configOf(filter)) === GrpcWebSchema.typeName,
    ),
    accessLogs: convertAccessLogs(manager.accessLog, 'HttpConnectionManager', findings),
  };
}

const slashActions = ['REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD'] as const;

function convertUnderscores(action: Underscores | undefined): Pick<HttpConnectionManager, 'headersWithUnderscores'> {
  if (action === Underscores.REJECT_REQUEST) return { headersWithUnderscores: 'REJECT_REQUEST' };
  return action === Underscores.DROP_HEADER ? { headersWithUnderscores: 'DROP_HEADER' } : {};
}

function convertServerHeader(transformation: ServerHeader): Pick<HttpConnectionManager, 'keepsServer'> {
  if (transformation === ServerHeader.PASS_THROUGH) return { keepsServer: 'ALWAYS' };
  return transformation === ServerHeader.APPEND_IF_ABSENT ? { keepsServer: 'IF_PRESENT' } : {};
}

/** What cannot be read of the router is reported with the filters. */
function suppressesEnvoyHeaders(filters: readonly HttpFilter[]): boolean {
  const config = filters.map(configOf).find((any) => extensionType(any) === router);
  return config?.typeUrl !== undefined && (anyUnpack(config, RouterSchema)?.suppressEnvoyHeaders ?? false);
}

const forwardModes = ['FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'] as const;

function convertForwardClientCert(manager: EnvoyManager): ForwardClientCert | undefined {
  const mode = manager.forwardClientCertDetails;
  if (mode === ForwardDetails.SANITIZE) return undefined;
  const details = manager.setCurrentClientCertDetails;
  return {
    mode: forwardModes.find((name) => ForwardDetails[name] === mode) ?? 'SANITIZE_SET',
    cert: details?.cert ?? false,
    chain: details?.chain ?? false,
    subject: details?.subject ?? false,
    uri: details?.uri ?? false,
    dns: details?.dns ?? false,
  };
}

function nameRoutes(manager: EnvoyManager, { listener, chain, needs }: ChainContext, findings: Findings): string {
  const { routeSpecifier } = manager;
  switch (routeSpecifier.case) {
    case 'rds': {
      const { routeConfigName, configSource } = routeSpecifier.value;
      if (configSource === undefined || routeConfigName === '')
        findings.reject(
          "An RDS config must have either a 'config_source' or an xDS-TP based 'route_config_name'. Error while parsing RDS config:",
        );
      else if (configSource.configSourceSpecifier.case !== 'ads')
        findings.reject(`the embedded engine has no source for routes ${routeConfigName}: ADS only`);
      else needs.routes.add(routeConfigName);
      return routeConfigName;
    }
    case 'routeConfig': {
      const bytes = toBinary(RouteConfigurationSchema, routeSpecifier.value);
      const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      // A space: no resource of Istio's is called so.
      const name = `inline ${listener}/${chain}`;
      const inside = findings.within('HttpConnectionManager', 'RouteConfig');
      needs.inlineRoutes.set(name, convertRouteTable(routeSpecifier.value, version, inside));
      return name;
    }
    case 'scopedRoutes':
      needs.scopes.add('all');
      return '';
    case undefined:
      findings.required('HttpConnectionManager', 'route_specifier');
      return '';
  }
}

/** The gateway's own filters are known by their names: what their Lua does is done here. */
function scopeRoutes(manager: EnvoyManager, findings: Findings): Pick<HttpConnectionManager, 'scopedRoutes'> {
  const { routeSpecifier } = manager;
  if (routeSpecifier.case !== 'scopedRoutes') return {};
  const keyOf = convertScopedRoutes(manager, routeSpecifier.value, findings);
  const fallsBack = manager.httpFilters.some(({ name }) => name === scopedWildcardFilter);
  return keyOf === undefined ? {} : { scopedRoutes: { keyOf, fallsBack } };
}

const isOwnLookUp = ({ name }: HttpFilter): boolean => name === scopedLowerCaseFilter || name === scopedWildcardFilter;

const configOf = ({ configType }: HttpFilter) => (configType.case === 'typedConfig' ? configType.value : undefined);

function convertCompressors(
  filters: readonly HttpFilter[],
  findings: Findings,
): Pick<HttpConnectionManager, 'compression'> {
  const all = filters.flatMap((filter, index) => {
    const inside = findings.within('HttpConnectionManager', `HttpFilters[${index}]`);
    const config = filter.disabled ? undefined : unpackAny(configOf(filter), CompressorSchema, inside);
    return (config && convertCompressor(config, inside)) ?? [];
  });
  const compression = joinCompressions(all, findings);
  return compression === undefined ? {} : { compression };
}

const guardTypes: ReadonlySet<string> = new Set([
  RBACSchema.typeName,
  ExtAuthzSchema.typeName,
  JwtAuthenticationSchema.typeName,
  LocalRateLimitSchema.typeName,
  BufferSchema.typeName,
]);
const handledRbacFields = new Set(rbacFields);

function convertGuards(
  filters: readonly HttpFilter[],
  { listener, chain }: ChainContext,
  findings: Findings,
): Pick<HttpConnectionManager, 'guards'> {
  const guards = filters.flatMap((filter, index): readonly Guard[] => {
    const type = extensionType(configOf(filter));
    if (!guardTypes.has(type)) return [];
    const inside = findings.within('HttpConnectionManager', `HttpFilters[${index}]`);
    const rateLimit = unpackAny(configOf(filter), LocalRateLimitSchema, inside);
    if (rateLimit !== undefined) {
      // One that is disabled may be in force for a host.
      const where = `${listener} ${chain} ${filter.name}`;
      const limit = filter.disabled ? undefined : convertLocalRateLimit(rateLimit, where, inside);
      return [{ kind: 'rate limit', name: filter.name, limit }];
    }
    if (filter.disabled) return [];
    const buffer = unpackAny(configOf(filter), BufferSchema, inside);
    if (buffer !== undefined) return [{ kind: 'buffer', maxRequestBytes: buffer.maxRequestBytes ?? 0 }];
    const rbac = unpackAny(configOf(filter), RBACSchema, inside);
    if (rbac !== undefined) {
      warnUnhandledFields(rbac, handledRbacFields, inside);
      return [convertRbac(rbac, 'envoy.filters.http.rbac', inside)];
    }
    const extAuthz = unpackAny(configOf(filter), ExtAuthzSchema, inside);
    if (extAuthz !== undefined) {
      const guard = convertExtAuthz(extAuthz, inside);
      return guard === undefined ? [] : [guard];
    }
    const jwtAuthn = unpackAny(configOf(filter), JwtAuthenticationSchema, inside);
    if (jwtAuthn !== undefined) return [convertJwtAuthn(jwtAuthn, inside)];
    // Wrapped in a TypedStruct, say: known by its name, and unread all the same.
    inside.reject(
      `${notRegistered(filter.name, configOf(filter))} in the embedded engine, which serves nothing unguarded`,
    );
    return [];
  });
  return guards.length === 0 ? {} : { guards };
}

function nameFilters(filters: readonly HttpFilter[], findings: Findings): readonly string[] {
  const names: string[] = [];
  for (const [index, filter] of filters.entries()) {
    if (isOwnLookUp(filter)) continue;
    const any = configOf(filter);
    const type = extensionType(any);
    const last = index === filters.length - 1;
    const called = `named ${filter.name} of type ${type}`;
    if (type === '' && !filter.isOptional) findings.reject(notRegistered(filter.name, any));
    else if (guards.test(type) && !filter.isOptional && !filter.disabled)
      findings.reject(`${notRegistered(filter.name, any)} in the embedded engine, which serves nothing unguarded`);
    else if (type === router && !last)
      findings.reject(`Error: terminal filter ${called} must be the last filter in a http filter chain.`);
    else if (type !== router && last)
      findings.reject(`Error: non-terminal filter ${called} is the last filter in a http filter chain.`);
    else if (!knownFilters.has(type) && !filter.disabled)
      findings.warn(`HTTP filter '${filter.name}' (${type}) is not supported by the embedded engine: it has no effect`);
    if (!filter.disabled) names.push(filter.name);
  }
  return names;
}
