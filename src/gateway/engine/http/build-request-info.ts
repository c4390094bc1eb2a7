// Turns a finished exchange into the one input of the access log.
import type { RequestInfo } from '../config/request-info.ts';
import type { Exchange } from './exchange.ts';
import { shownHeader } from './header-list.ts';

/** `now` is performance.now() at the end. */
export function buildRequestInfo(exchange: Exchange, now: number): RequestInfo {
  const { info, connection, stream, startedAt } = exchange;
  const since = (at: number | undefined): number | undefined => (at === undefined ? undefined : at - startedAt);
  return {
    kind: 'http',
    startTime: performance.timeOrigin + startedAt,
    durationMs: now - startedAt,
    protocol: stream.protocol,
    method: exchange.method || undefined,
    path: exchange.path,
    originalPath: stream.head.target,
    authority: exchange.authority || undefined,
    requestHeader: (name) => (name === ':scheme' ? exchange.scheme : shownHeader(exchange.headers, name)),
    responseHeader: (name) => shownHeader(info.responseHeaders, name),
    responseTrailer: (name) => shownHeader(info.responseTrailers, name),
    responseCode: info.responseCode,
    responseCodeDetails: info.details,
    connectionTerminationDetails: undefined,
    responseFlags: [...info.flags],
    bytesReceived: info.bytesReceived,
    bytesSent: info.bytesSent,
    upstreamHost: info.upstreamHost,
    upstreamLocalAddress: info.upstreamLocalAddress,
    upstreamCluster: info.upstreamCluster,
    upstreamClusterAltStatName: info.upstreamClusterAltStatName,
    upstreamTransportFailureReason: info.upstreamTransportFailureReason,
    downstreamLocalAddress: connection.localAddress,
    downstreamRemoteAddress: info.clientAddress ?? connection.remoteAddress,
    downstreamDirectRemoteAddress: connection.directRemoteAddress,
    requestedServerName: connection.requestedServerName,
    dynamicMetadata: info.metadata,
    routeName: info.routeName || undefined,
    virtualClusterName: undefined,
    filterChainName: connection.filterChainName,
    requestDurationMs: since(info.requestEndAt),
    responseDurationMs: since(info.responseStartAt),
    responseTxDurationMs:
      info.responseStartAt === undefined ? undefined : (info.responseEndAt ?? now) - info.responseStartAt,
    upstreamRequestAttemptCount: info.attemptCount,
    downstreamTlsVersion: connection.tls?.version,
    downstreamTlsCipher: connection.tls?.cipher,
    connectionId: connection.id,
  };
}
