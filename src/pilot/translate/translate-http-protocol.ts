// Which HTTP a cluster speaks to its endpoints, and how long and for how much a connection serves.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type {
  HttpProtocolOptionsSchema as CommonOptionsSchema,
  Http2ProtocolOptionsSchema,
} from '../../xds/generated/envoy/config/core/v3/protocol_pb.ts';
import { HttpProtocolOptionsSchema } from '../../xds/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import type { BackendProtocol } from '../model/backend-protocol.ts';
import type { UpstreamTlsSettings } from '../model/build-upstream-tls.ts';
import type { ClusterPolicy } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';
import { http1Options } from './translate-header-case.ts';

type Pool = ClusterPolicy['connectionPool'];

/** Undefined where nothing is asked for. */
function commonOptions(pool: Pool): MessageInitShape<typeof CommonOptionsSchema> | undefined {
  const { httpIdleTimeoutMs: idle, maxConnectionDurationMs: longest, maxRequestsPerConnection: most } = pool ?? {};
  if (idle === undefined && longest === undefined && most === undefined) return undefined;
  return {
    ...(idle === undefined ? {} : { idleTimeout: duration(idle) }),
    ...(longest === undefined ? {} : { maxConnectionDuration: duration(longest) }),
    ...(most === undefined ? {} : { maxRequestsPerConnection: most }),
  };
}

const defaultKeepAliveTimeoutMs = 20_000;

function http2Options(pool: Pool): MessageInitShape<typeof Http2ProtocolOptionsSchema> {
  const keepAlive = pool?.http2KeepAlive;
  return {
    ...(pool?.maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams: pool.maxConcurrentStreams }),
    ...(keepAlive && {
      connectionKeepalive: {
        ...(keepAlive.intervalMs === undefined ? {} : { interval: duration(keepAlive.intervalMs) }),
        // Envoy wants one beside the interval.
        timeout: duration(keepAlive.timeoutMs ?? defaultKeepAliveTimeoutMs),
      },
    }),
  };
}

/** A rule says it for sure; the mesh only for ports that say HTTP. */
export function speaksHttp2(protocol: BackendProtocol, pool: Pool, upgradesToHttp2: boolean): boolean {
  const policy = pool?.h2UpgradePolicy ?? 'DEFAULT';
  if (protocol === 'http2' || policy === 'UPGRADE') return true;
  return policy === 'DEFAULT' && upgradesToHttp2 && protocol === 'http1';
}

type Options = MessageInitShape<typeof HttpProtocolOptionsSchema>;

function upstreamProtocol(
  isHttp2: boolean,
  pool: Pool,
  preserveHeaderCase: boolean,
): NonNullable<Options['upstreamProtocolOptions']> {
  if (pool?.useClientProtocol)
    return {
      case: 'useDownstreamProtocolConfig',
      value: { httpProtocolOptions: http1Options(preserveHeaderCase), http2ProtocolOptions: http2Options(pool) },
    };
  return {
    case: 'explicitHttpConfig',
    value: {
      protocolConfig: isHttp2
        ? { case: 'http2ProtocolOptions', value: http2Options(pool) }
        : { case: 'httpProtocolOptions', value: http1Options(preserveHeaderCase) },
    },
  };
}

/** What Istio's list of codes is to Envoy: answers whose status is one of them are errors. */
function errorMatcher(codes: readonly number[]): Options['outlierDetection'] {
  const [first, ...others] = codes.map((code) => ({
    rule: {
      case: 'httpResponseHeadersMatch' as const,
      value: {
        headers: [
          {
            name: ':status',
            headerMatchSpecifier: {
              case: 'stringMatch' as const,
              value: { matchPattern: { case: 'exact' as const, value: String(code) } },
            },
          },
        ],
      },
    },
  }));
  if (first === undefined) return undefined;
  return {
    errorMatcher: others.length === 0 ? first : { rule: { case: 'orMatch', value: { rules: [first, ...others] } } },
  };
}

/** Without a name of its own the request's host is asked for, and the endpoint has to be that, unless it may be anyone. */
function hostNames(tls: UpstreamTlsSettings | undefined, isDynamic: boolean): Options['upstreamHttpProtocolOptions'] {
  if (tls === undefined || tls.isMesh) return undefined;
  // Of names that requests give nothing else is known: as in Istio the endpoint has to be the one asked for.
  if (isDynamic) return { autoSni: tls.sni === undefined, autoSanValidation: tls.roots !== undefined };
  if (tls.sni !== undefined) return undefined;
  return { autoSni: true, autoSanValidation: tls.roots !== undefined && tls.subjectAltNames.length === 0 };
}

/** No field at all where Envoy's defaults do: HTTP/1.1. */
export function translateHttpProtocol(
  isHttp2: boolean,
  { connectionPool: pool, outlierDetection }: ClusterPolicy,
  tls: UpstreamTlsSettings | undefined,
  { preserveHeaderCase, isDynamic }: { readonly preserveHeaderCase: boolean; readonly isDynamic: boolean },
): Pick<MessageInitShape<typeof ClusterSchema>, 'typedExtensionProtocolOptions'> {
  const common = commonOptions(pool);
  const errors = errorMatcher(outlierDetection?.httpErrorCodes ?? []);
  const isDefault = !isHttp2 && !pool?.useClientProtocol && !preserveHeaderCase;
  const names = hostNames(tls, isDynamic);
  if (common === undefined && errors === undefined && names === undefined && isDefault) return {};
  const options = create(HttpProtocolOptionsSchema, {
    ...(common && { commonHttpProtocolOptions: common }),
    ...(errors && { outlierDetection: errors }),
    ...(names && { upstreamHttpProtocolOptions: names }),
    upstreamProtocolOptions: upstreamProtocol(isHttp2, pool, preserveHeaderCase),
  });
  return {
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': anyPack(HttpProtocolOptionsSchema, options),
    },
  };
}
