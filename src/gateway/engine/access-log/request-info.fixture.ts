// A finished request for the tests of the access log: everything a GET through to its backend leaves behind.
import { clusterName } from '../../../xds/resource-names.ts';
import type { RequestInfo } from '../config/request-info.ts';

type Headers = Readonly<Record<string, string>>;

export interface RequestInfoFixture extends Partial<RequestInfo> {
  readonly requestHeaders?: Headers;
  readonly responseHeaders?: Headers;
  readonly responseTrailers?: Headers;
}

export function requestInfo(fixture: RequestInfoFixture = {}): RequestInfo {
  const { requestHeaders = {}, responseHeaders = {}, responseTrailers = {}, ...fields } = fixture;
  return {
    kind: 'http',
    startTime: Date.UTC(2026, 10, 23, 23, 50, 13, 569) + 0.599,
    durationMs: 12.9,
    protocol: 'HTTP/1.1',
    method: 'GET',
    path: '/ok?x=1',
    originalPath: '/ok?x=1',
    authority: 'l.example.com',
    requestHeader: (name) => requestHeaders[name],
    responseHeader: (name) => responseHeaders[name],
    responseTrailer: (name) => responseTrailers[name],
    responseCode: 200,
    responseCodeDetails: 'via_upstream',
    connectionTerminationDetails: undefined,
    responseFlags: [],
    bytesReceived: 0,
    bytesSent: 4,
    upstreamHost: '127.1.64.1:8080',
    upstreamLocalAddress: '127.1.64.1:43210',
    upstreamCluster: clusterName(80, '', 'echo.default.svc.cluster.local'),
    upstreamTransportFailureReason: undefined,
    downstreamLocalAddress: '127.1.0.77:80',
    downstreamRemoteAddress: '127.1.0.77:55555',
    downstreamDirectRemoteAddress: '127.1.0.77:55555',
    requestedServerName: undefined,
    routeName: 'ok-route',
    virtualClusterName: undefined,
    filterChainName: undefined,
    requestDurationMs: 1.5,
    responseDurationMs: 10.2,
    responseTxDurationMs: 2.7,
    upstreamRequestAttemptCount: 1,
    downstreamTlsVersion: undefined,
    downstreamTlsCipher: undefined,
    connectionId: 7,
    ...fields,
  };
}

/** A TCP connection that was passed on: it has nothing of HTTP. */
export function connectionInfo(fixture: RequestInfoFixture = {}): RequestInfo {
  return requestInfo({
    kind: 'tcp',
    protocol: undefined,
    method: undefined,
    path: undefined,
    originalPath: undefined,
    authority: undefined,
    responseCode: 0,
    responseCodeDetails: undefined,
    routeName: undefined,
    requestDurationMs: undefined,
    responseDurationMs: undefined,
    responseTxDurationMs: undefined,
    upstreamRequestAttemptCount: 0,
    ...fixture,
  });
}
