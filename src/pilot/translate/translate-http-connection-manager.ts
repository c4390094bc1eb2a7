// The network filter of HTTP chains, with the values Istio gives a gateway.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { type Filter, FilterSchema } from '../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import {
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManager_ForwardClientCertDetails as ForwardDetails,
  HttpConnectionManagerSchema,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { UuidRequestIdConfigSchema } from '../../xds/generated/envoy/extensions/request_id/uuid/v3/uuid_pb.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import type { ProxyConfigSettings, ProxyHeaders } from '../model/proxy-config.ts';
import type { AccessLogView } from '../model/proxy-view.ts';
import type { RequestLimits } from '../model/traffic-view.ts';
import { adsSource, seconds } from './config-source.ts';
import { type HttpFilterOptions, httpFilters } from './filters/http-filters.ts';
import { scopedFilters, scopedManager } from './scoped/scoped-routes.ts';
import { accessLogs } from './translate-access-log.ts';
import { translateConnectionSettings } from './translate-connection-settings.ts';
import { http1Options } from './translate-header-case.ts';

function pathNormalization(level: MeshSettings['pathNormalization']) {
  return {
    normalizePath: level !== 'NONE',
    mergeSlashes: level === 'MERGE_SLASHES' || level === 'DECODE_AND_MERGE_SLASHES',
    pathWithEscapedSlashesAction:
      level === 'DECODE_AND_MERGE_SLASHES' ? EscapedSlashes.UNESCAPE_AND_FORWARD : EscapedSlashes.KEEP_UNCHANGED,
  };
}

function translateProxyHeaders(headers: ProxyHeaders) {
  return {
    ...(headers.serverName === undefined
      ? { serverHeaderTransformation: ServerHeader.PASS_THROUGH }
      : { serverName: headers.serverName }),
    ...(headers.requestId ? {} : { generateRequestId: false }),
    appendXForwardedPort: headers.xForwardedPort,
  };
}

function forwardClientCert(mode: ProxyConfigSettings['forwardClientCertDetails']) {
  const tells = mode === 'APPEND_FORWARD' || mode === 'SANITIZE_SET';
  return {
    forwardClientCertDetails: ForwardDetails[mode],
    ...(tells && { setCurrentClientCertDetails: { subject: true, cert: true, dns: true, uri: true } }),
  };
}

export function translateHttpConnectionManager(
  listener: string,
  routeConfigName: string,
  mesh: MeshSettings,
  logs: readonly AccessLogView[],
  options: Omit<HttpFilterOptions, 'lookUps'> & {
    readonly requestLimits: RequestLimits | undefined;
    readonly preserveHeaderCase: boolean;
    /** Its hosts are found one by one. */
    readonly isScoped: boolean;
  },
): Filter {
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: `outbound_${listener};`,
    ...(options.isScoped
      ? scopedManager(routeConfigName)
      : { routeSpecifier: { case: 'rds' as const, value: { configSource: adsSource(), routeConfigName } } }),
    httpFilters: httpFilters({ ...options, lookUps: options.isScoped ? scopedFilters : [] }),
    httpProtocolOptions: http1Options(options.preserveHeaderCase),
    ...translateProxyHeaders(mesh.proxy.headers),
    accessLog: accessLogs(logs),
    // The gateway is the edge: the peer's address is the client's, whatever X-Forwarded-For says beyond the proxies that are trusted.
    useRemoteAddress: true,
    xffNumTrustedHops: mesh.numTrustedProxies,
    ...forwardClientCert(mesh.proxy.forwardClientCertDetails),
    // No tracer makes spans of it; but endpoints are told the operation, as Istio's gateway tells them.
    tracing: { clientSampling: { value: 100 }, randomSampling: { value: 1 }, overallSampling: { value: 100 } },
    proxy100Continue: true,
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    streamIdleTimeout: seconds(0),
    ...pathNormalization(mesh.pathNormalization),
    ...translateConnectionSettings(mesh.proxy.connection, options.requestLimits),
    requestIdExtension: {
      typedConfig: anyPack(
        UuidRequestIdConfigSchema,
        create(UuidRequestIdConfigSchema, { useRequestIdForTraceSampling: true }),
      ),
    },
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) },
  });
}
