// The access log's view of a connection that carries no request that could be read: TCP, a refused handshake, garbage.
import type { RequestInfo } from '../config/request-info.ts';
import type { DownstreamConnection } from './downstream-stream.ts';

/** `startedAt` is performance.now() then. What is known beyond the connection is laid over this. */
export function describeConnection(connection: DownstreamConnection, startedAt: number): RequestInfo {
  const none = (): undefined => undefined;
  return {
    kind: 'tcp',
    startTime: performance.timeOrigin + startedAt,
    durationMs: performance.now() - startedAt,
    protocol: undefined,
    method: undefined,
    path: undefined,
    originalPath: undefined,
    authority: undefined,
    requestHeader: none,
    responseHeader: none,
    responseTrailer: none,
    responseCode: 0,
    responseCodeDetails: undefined,
    connectionTerminationDetails: undefined,
    responseFlags: [],
    bytesReceived: 0,
    bytesSent: 0,
    upstreamHost: undefined,
    upstreamLocalAddress: undefined,
    upstreamCluster: undefined,
    upstreamTransportFailureReason: undefined,
    downstreamLocalAddress: connection.localAddress,
    downstreamRemoteAddress: connection.remoteAddress,
    downstreamDirectRemoteAddress: connection.directRemoteAddress,
    requestedServerName: connection.requestedServerName,
    routeName: undefined,
    virtualClusterName: undefined,
    filterChainName: connection.filterChainName,
    requestDurationMs: undefined,
    responseDurationMs: undefined,
    responseTxDurationMs: undefined,
    upstreamRequestAttemptCount: 0,
    downstreamTlsVersion: connection.tls?.version,
    downstreamTlsCipher: connection.tls?.cipher,
    connectionId: connection.id,
  };
}
