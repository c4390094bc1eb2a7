// connectionSettings of the mesh → the fields of a connection manager that they replace.
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type Http2ProtocolOptionsSchema,
  type HttpProtocolOptionsSchema,
  HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores,
} from '../../xds/generated/envoy/config/core/v3/protocol_pb.ts';
import {
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  type HttpConnectionManagerSchema,
} from '../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { ConnectionSettings } from '../model/proxy-config.ts';
import type { RequestLimits } from '../model/traffic-view.ts';
import { duration } from './config-source.ts';

type Manager = Pick<
  MessageInitShape<typeof HttpConnectionManagerSchema>,
  | 'commonHttpProtocolOptions'
  | 'http2ProtocolOptions'
  | 'maxRequestHeadersKb'
  | 'streamIdleTimeout'
  | 'requestTimeout'
  | 'requestHeadersTimeout'
  | 'drainTimeout'
  | 'mergeSlashes'
  | 'pathWithEscapedSlashesAction'
>;

const underscoreActions = {
  HEADERS_WITH_UNDERSCORES_ALLOW: Underscores.ALLOW,
  HEADERS_WITH_UNDERSCORES_REJECT_REQUEST: Underscores.REJECT_REQUEST,
  HEADERS_WITH_UNDERSCORES_DROP_HEADER: Underscores.DROP_HEADER,
} as const;

/** What is not set is not there, so that the mesh's other settings stay. */
export function translateConnectionSettings(settings: ConnectionSettings, limits?: RequestLimits): Manager {
  const { headersKiB, headerCount } = limits ?? {};
  const common = {
    ...commonOptions(settings),
    ...(headerCount !== undefined && { maxHeadersCount: headerCount }),
  };
  const http2 = http2Options(settings);
  const { streamIdleTimeoutMs, requestTimeoutMs, requestHeadersTimeoutMs, drainTimeoutMs } = settings;
  return {
    ...(Object.keys(common).length > 0 && { commonHttpProtocolOptions: common }),
    ...(headersKiB !== undefined && { maxRequestHeadersKb: headersKiB }),
    ...(Object.keys(http2).length > 0 && { http2ProtocolOptions: http2 }),
    ...(streamIdleTimeoutMs !== undefined && { streamIdleTimeout: duration(streamIdleTimeoutMs) }),
    ...(requestTimeoutMs !== undefined && { requestTimeout: duration(requestTimeoutMs) }),
    ...(requestHeadersTimeoutMs !== undefined && { requestHeadersTimeout: duration(requestHeadersTimeoutMs) }),
    ...(drainTimeoutMs !== undefined && { drainTimeout: duration(drainTimeoutMs) }),
    ...(settings.mergeSlashes !== undefined && { mergeSlashes: settings.mergeSlashes }),
    ...(settings.escapedSlashes !== undefined && {
      pathWithEscapedSlashesAction: EscapedSlashes[settings.escapedSlashes],
    }),
  };
}

function commonOptions(settings: ConnectionSettings): MessageInitShape<typeof HttpProtocolOptionsSchema> {
  const { idleTimeoutMs, maxConnectionDurationMs, maxStreamDurationMs, headersWithUnderscores } = settings;
  return {
    ...(idleTimeoutMs !== undefined && { idleTimeout: duration(idleTimeoutMs) }),
    ...(maxConnectionDurationMs !== undefined && { maxConnectionDuration: duration(maxConnectionDurationMs) }),
    ...(maxStreamDurationMs !== undefined && { maxStreamDuration: duration(maxStreamDurationMs) }),
    ...(headersWithUnderscores !== undefined && {
      headersWithUnderscoresAction: underscoreActions[headersWithUnderscores],
    }),
  };
}

function http2Options(settings: ConnectionSettings): MessageInitShape<typeof Http2ProtocolOptionsSchema> {
  const { maxConcurrentStreams, initialStreamWindowBytes, initialConnectionWindowBytes } = settings;
  return {
    ...(maxConcurrentStreams !== undefined && { maxConcurrentStreams }),
    ...(initialStreamWindowBytes !== undefined && { initialStreamWindowSize: initialStreamWindowBytes }),
    ...(initialConnectionWindowBytes !== undefined && { initialConnectionWindowSize: initialConnectionWindowBytes }),
  };
}
