// How long and how much clients may, of a connection manager, with Envoy's defaults.
import type { HttpConnectionManager } from '../../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { durationMs } from './duration-ms.ts';
import type { DownstreamLimits } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const commonFields = new Set([
  ...['maxHeadersCount', 'idleTimeout', 'maxConnectionDuration', 'maxStreamDuration', 'headersWithUnderscoresAction'],
]);
const http2Fields = new Set(['maxConcurrentStreams', 'initialStreamWindowSize', 'initialConnectionWindowSize']);

const oneHour = 3_600_000;
/** As Envoy 1.40: a stream's window is 16 MiB there; more than this only costs memory per client that stops reading. */
const streamWindow = 256 * 1024;
const connectionWindow = 1024 * 1024;
const concurrentStreams = 1024;

export function convertDownstreamLimits(manager: HttpConnectionManager, findings: Findings): DownstreamLimits {
  const { commonHttpProtocolOptions: common, http2ProtocolOptions: http2 } = manager;
  if (common)
    warnUnhandledFields(common, commonFields, findings.within('HttpConnectionManager', 'CommonHttpProtocolOptions'));
  if (http2) warnUnhandledFields(http2, http2Fields, findings.within('HttpConnectionManager', 'Http2ProtocolOptions'));
  return {
    idleTimeoutMs: durationMs(common?.idleTimeout, oneHour),
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration, 0),
    maxStreamDurationMs: durationMs(common?.maxStreamDuration, 0),
    requestTimeoutMs: durationMs(manager.requestTimeout, 0),
    requestHeadersTimeoutMs: durationMs(manager.requestHeadersTimeout, 0),
    maxConcurrentStreams: http2?.maxConcurrentStreams ?? concurrentStreams,
    initialStreamWindowBytes: http2?.initialStreamWindowSize ?? streamWindow,
    initialConnectionWindowBytes: http2?.initialConnectionWindowSize ?? connectionWindow,
  };
}
