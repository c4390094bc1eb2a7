// The router: sends a request to an endpoint of its route's cluster, tries again where the policy says so, and brings the answer back.

import type { PickedHost } from '../cluster/load-balancer.ts';
import type { HostResult } from '../cluster/outlier-detector.ts';
import type { ForwardAction, Route, VirtualHost, WeightedEntry } from '../config/engine-config.ts';
import { requestedUpgrade } from '../http/check-request.ts';
import { clientIpOf } from '../http/client-ip.ts';
import type { Exchange } from '../http/exchange.ts';
import { getHeader, type HeaderList, isGrpcContentType, setHeader } from '../http/header-list.ts';
import type { HttpServing } from '../http/http-serving.ts';
import type { RouteStatistics } from '../statistics/route-statistics.ts';
import type { Cluster } from '../upstream/create-cluster-set.ts';
import type {
  PendingConnection,
  ReadyConnection,
  UpstreamEvents,
  UpstreamRequestHead,
  UpstreamReset,
  UpstreamStream,
} from '../upstream/upstream-stream.ts';
import type { Client } from '../upstream/upstream-transport.ts';
import { hashRequest, type RequestHash } from './hash-request.ts';
import { resetResult, responseResult } from './host-results.ts';
import { mirrorRequest, type RequestCopy } from './mirror-request.ts';
import { prepareUpstreamRequest } from './prepare-upstream-request.ts';
import { createRequestBody } from './request-body.ts';
import { grpcTimeout, requestTimeoutMs, tryTimeoutMs } from './request-timeout.ts';
import { retriesReset, retriesResponse, retriesTimeout, retryBackOffMs } from './retry-policy.ts';
import { createTriedHosts } from './tried-hosts.ts';
import { resetDetails, resetFlag, resetReply } from './upstream-failure.ts';

/** Safe to send twice (RFC 9110 9.2.2). */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** One of a route's clusters, for one request. */
export interface ChosenCluster {
  readonly entry: WeightedEntry;
  /** None: there is no such cluster (any more). */
  readonly cluster: Cluster | undefined;
}

export function forwardRequest(
  exchange: Exchange,
  virtualHost: VirtualHost,
  route: Route,
  action: ForwardAction,
  chosen: ChosenCluster | undefined,
  serving: HttpServing,
): void {
  if (!chosen?.cluster) {
    exchange.statistics.counters.no_cluster++;
    exchange.sendLocalReply({ status: 503, body: '', details: 'cluster_not_found', flags: ['NC'] });
    return;
  }
  const { entry, cluster } = chosen;
  const ofRoute =
    route.statPrefix === undefined ? undefined : serving.statistics.route(virtualHost.name, route.statPrefix);
  const forwarding = createForwarding(exchange, virtualHost, action, cluster, serving, ofRoute);
  const refusal = prepareUpstreamRequest(exchange, route, action, entry);
  if (refusal === undefined) forwarding.start();
  else exchange.sendLocalReply(refusal);
}

const clientOf = ({ stream, authority, info, connection }: Exchange): Client => ({
  protocol: stream.protocol,
  authority,
  addresses: { source: info.clientAddress ?? connection.remoteAddress, destination: connection.localAddress },
});

/** Before the route changes the request: what counts is what the client sent. */
function hashForCluster(
  exchange: Exchange,
  { hashPolicies }: ForwardAction,
  { balancer }: Cluster,
): RequestHash | undefined {
  if (hashPolicies === undefined || !balancer.isConsistent) return undefined;
  const { headers, path, connection } = exchange;
  return hashRequest(hashPolicies, {
    headers,
    path,
    clientIp: clientIpOf(exchange),
    connection: connection.remoteAddress + connection.localAddress,
  });
}

function createForwarding(
  exchange: Exchange,
  virtualHost: VirtualHost,
  action: ForwardAction,
  cluster: Cluster,
  serving: HttpServing,
  ofRoute: RouteStatistics | undefined,
): { start(): void } {
  const { info, stream } = exchange;
  const policy = action.retry;
  const { statistics } = cluster;
  const { counters } = statistics;
  const count = (name: Exclude<keyof RouteStatistics['counters'], 'upstream_rq_total'>): void => {
    counters[name]++;
    if (ofRoute) ofRoute.counters[name]++;
  };
  const countCode = (status: number): void => {
    statistics.external.count(status);
    ofRoute?.codes.count(status);
  };
  const timeoutMs = requestTimeoutMs(exchange.headers, action);
  const perTryTimeoutMs = tryTimeoutMs(policy, timeoutMs);
  const tried = createTriedHosts(policy);
  const consistent = hashForCluster(exchange, action, cluster);
  const upgrade = requestedUpgrade(stream);
  const body = createRequestBody({
    hasBody: stream.hasBody,
    keep: policy !== undefined && policy.numRetries > 0,
    maxBytes: serving.retryBufferBytes,
    pause: () => stream.pauseBody(),
    resume: () => stream.resumeBody(),
  });
  let host: PickedHost | undefined;
  let pending: PendingConnection | undefined;
  let upstream: UpstreamStream | undefined;
  let retries = 0;
  let staleRetried = false;
  let responding = false;
  let copies: readonly RequestCopy[] = [];
  let done = false;
  let requestTimer: NodeJS.Timeout | undefined;
  let tryTimer: NodeJS.Timeout | undefined;
  let backOffTimer: NodeJS.Timeout | undefined;

  let endRetry = (): void => {};
  let leaveLookUp = (): void => {};
  const isGrpc = isGrpcContentType(getHeader(stream.head.headers, 'content-type'));

  const report = (result: HostResult | undefined): void => {
    if (host && result) cluster.report(host, result);
  };

  /** Ends the current try; nothing of it is heard any more. */
  const leaveTry = (): void => {
    clearTimeout(tryTimer);
    leaveLookUp();
    pending?.cancel();
    pending = undefined;
    upstream = undefined;
    body.detach();
    host?.release();
    host = undefined;
  };

  const finish = (): void => {
    done = true;
    clearTimeout(requestTimer);
    clearTimeout(backOffTimer);
    endRetry();
    leaveTry();
  };

  const abandon = (): void => {
    const current = upstream;
    finish();
    current?.cancel();
  };

  const mayRetry = (): boolean => policy !== undefined && !responding && body.replayable;

  const retryLater = (): boolean => {
    if (!policy) return false;
    endRetry();
    if (retries >= policy.numRetries) {
      count('upstream_rq_retry_limit_exceeded');
      if (policy.numRetries > 0) info.flags.add('URX');
      return false;
    }
    if (!cluster.limits.retries.mayTake()) {
      count('upstream_rq_retry_overflow');
      info.flags.add('UO');
      return false;
    }
    endRetry = cluster.limits.retries.take();
    retries++;
    count('upstream_rq_retry');
    counters.upstream_rq_retry_backoff_exponential++;
    backOffTimer = setTimeout(attempt, retryBackOffMs(policy, retries, serving.random));
    return true;
  };

  const fail = (reset: UpstreamReset): void => {
    const isStale = reset.staleConnection && !staleRetried;
    if (!isStale) report(resetResult(reset));
    leaveTry();
    info.upstreamTransportFailureReason = reset.transportFailure;
    if (responding) {
      info.flags.add(resetFlag(reset.reason));
      exchange.statistics.counters.rq_reset_after_downstream_response_started++;
      info.details = resetDetails('upstream_reset_after_response_started', reset);
      finish();
      exchange.reset();
      return;
    }
    if (isStale && body.replayable && idempotentMethods.has(exchange.method)) {
      staleRetried = true;
      attempt();
      return;
    }
    if (policy && mayRetry() && retriesReset(policy, reset.reason) && retryLater()) return;
    finish();
    const reply = resetReply(reset, retries > 0, exchange.manager.suppressEnvoyHeaders);
    countCode(reply.status);
    exchange.sendLocalReply(reply);
  };

  const timeOut = (details: string): void => {
    info.flags.add('UT');
    if (host) report({ kind: 'timeout' });
    const current = upstream;
    finish();
    current?.cancel();
    if (responding) {
      exchange.statistics.counters.rq_reset_after_downstream_response_started++;
      info.details = details;
      exchange.reset();
      return;
    }
    countCode(504);
    exchange.sendLocalReply({ status: 504, body: 'upstream request timeout', details });
  };

  const upstreamEvents: UpstreamEvents = {
    onContinue: () => stream.sendContinue(),
    onHeaders: (status, headers, endStream, headerCase) => {
      if (status !== 101) report(responseResult(status, headers, endStream, isGrpc));
      const wantsRetry = policy !== undefined && mayRetry() && retriesResponse(policy, status, headers);
      if (wantsRetry && retryLater()) {
        statistics.retriedCodes.count(status);
        const current = upstream;
        leaveTry();
        if (!endStream) current?.cancel();
        return;
      }
      responding = true;
      countCode(status);
      if (retries > 0 && !wantsRetry) count('upstream_rq_retry_success');
      clearTimeout(tryTimer);
      body.stopKeeping();
      if (status === 101 && upstream) body.attach(upstream);
      info.details = 'via_upstream';
      if (endStream) {
        info.responseEndAt = performance.now();
        finishAnswered();
      }
      for (const cookie of consistent?.setCookies ?? []) headers.push('set-cookie', cookie);
      exchange.responseCase = headerCase;
      exchange.sendHeaders(status, headers, endStream);
    },
    onData: (chunk) => {
      if (!exchange.sendData(chunk)) upstream?.pause();
    },
    onEnd: (trailers: HeaderList | undefined) => {
      info.responseEndAt = performance.now();
      finishAnswered();
      exchange.sendEnd(trailers);
    },
    onReset: fail,
    onDrain: () => body.onUpstreamDrain(),
  };

  /** The answer is complete; a request that is not has lost its reader. */
  const finishAnswered = (): void => {
    const { requestEndAt, heldUntil } = info;
    if (requestEndAt !== undefined) {
      const ms = (info.responseEndAt ?? performance.now()) - Math.max(requestEndAt, heldUntil ?? 0);
      statistics.requestMs.record(ms);
      ofRoute?.requestMs.record(ms);
    }
    const unread = body.ended ? undefined : upstream;
    finish();
    unread?.cancel();
  };

  const attempt = (): void => {
    if (cluster.dynamic === undefined) {
      const picked = cluster.balancer.pick({ ...tried.pickOptions(), hash: consistent?.hash });
      if (picked) sendTo(picked);
      else {
        counters.upstream_cx_none_healthy++;
        failWithoutHost('no_healthy_upstream');
      }
      return;
    }
    info.attemptCount = retries + 1;
    leaveLookUp = cluster.dynamic.find(exchange.authority, (found) => {
      if ('details' in found) failWithoutHost(found.details);
      else sendTo(found);
    });
  };

  const failWithoutHost = (details: string): void => {
    finish();
    countCode(503);
    exchange.sendLocalReply({ status: 503, body: 'no healthy upstream', details, flags: ['UH'] });
  };

  const sendTo = (picked: PickedHost): void => {
    host = picked;
    tried.add(picked);
    info.upstreamHost = picked.key;
    info.upstreamLocalAddress = undefined;
    info.attemptCount = retries + 1;
    const pool = cluster.poolOf(picked, clientOf(exchange));
    // A pool that has a connection calls back before it returns.
    const acquired = pool.acquire(send, fail, { fresh: staleRetried });
    if (!upstream && host === picked) pending = acquired;
  };

  /** It runs from when both the whole request and a connection for it are there. */
  const startTryTimer = (): void => {
    clearTimeout(tryTimer);
    if (perTryTimeoutMs === 0) return;
    tryTimer = setTimeout(() => {
      const current = upstream;
      counters.upstream_rq_per_try_timeout++;
      if (policy && mayRetry() && retriesTimeout(policy) && retryLater()) {
        report({ kind: 'timeout' });
        leaveTry();
        current?.cancel();
      } else timeOut('upstream_per_try_timeout');
    }, perTryTimeoutMs);
  };

  const requestHead = (attemptCount: number): UpstreamRequestHead => ({
    method: exchange.method,
    path: exchange.path,
    authority: exchange.authority,
    headerCase: exchange.headerCase,
    scheme: exchange.scheme,
    headers: virtualHost.includeRequestAttemptCount
      ? [...exchange.headers, 'x-envoy-attempt-count', String(attemptCount)]
      : exchange.headers,
    upgrade,
    endStream: !stream.hasBody,
  });

  const send = (connection: ReadyConnection): void => {
    pending = undefined;
    info.upstreamLocalAddress = connection.localAddress;
    report({ kind: 'connected' });
    if (ofRoute) ofRoute.counters.upstream_rq_total++;
    upstream = connection.send(requestHead(info.attemptCount), upstreamEvents);
    // Bytes of another protocol wait until the endpoint speaks it.
    if (upgrade === undefined) body.attach(upstream);
    if (body.ended && !responding) startTryTimer();
  };

  return {
    start: () => {
      exchange.events.onData = (chunk) => {
        for (const copy of copies) copy.push(chunk);
        if (!done) body.push(chunk);
      };
      exchange.events.onRequestEnd = (trailers) => {
        for (const copy of copies) copy.end(trailers);
        if (done) return;
        body.end(trailers);
        startRequestTimer();
        if (upstream && !responding) startTryTimer();
      };
      exchange.events.onDrain = () => upstream?.resume();
      exchange.events.onAbort = () => {
        for (const copy of copies) copy.abandon();
        abandon();
      };
      const expectedMs = perTryTimeoutMs || timeoutMs;
      if (expectedMs > 0) {
        if (!exchange.manager.suppressEnvoyHeaders)
          exchange.headers.push('x-envoy-expected-rq-timeout-ms', String(expectedMs));
        // So that the server gives up when the gateway does.
        if (action.maxGrpcTimeoutMs !== undefined && isGrpc)
          setHeader(exchange.headers, 'grpc-timeout', grpcTimeout(expectedMs));
      }
      if (!stream.hasBody) startRequestTimer();
      if (action.mirrors !== undefined && upgrade === undefined)
        copies = mirrorRequest(requestHead(1), clientOf(exchange), action.mirrors, timeoutMs, serving);
      attempt();
    },
  };

  function onTimeout(): void {
    if (host) count('upstream_rq_timeout');
    timeOut('response_timeout');
  }

  /** Envoy's clock for the whole answer starts when the whole request has come. */
  function startRequestTimer(): void {
    if (timeoutMs > 0 && !requestTimer) requestTimer = setTimeout(onTimeout, timeoutMs);
  }
}
