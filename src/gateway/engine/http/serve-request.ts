// The connection manager: takes one request from its codec, cleans it, finds its route, and sees to its end and its log.

import { compressAnswers } from '../compression/compress-answers.ts';
import type { ResponseFlag } from '../config/request-info.ts';
import { runGuards } from '../filters/run-guards.ts';
import { decorateRequest, selectRoute } from '../filters/select-route.ts';
import { serveRoute } from '../filters/serve-route.ts';
import { countAnswer, type HttpStatistics } from '../statistics/http-statistics.ts';
import { socketAddress } from '../upstream/connect-upstream.ts';
import { buildRequestInfo } from './build-request-info.ts';
import { checkRequest, requestedUpgrade } from './check-request.ts';
import type { DownstreamStream } from './downstream-stream.ts';
import {
  createExchangeInfo,
  type Exchange,
  type ExchangeEvents,
  type ExchangeInfo,
  type LocalReply,
} from './exchange.ts';
import { headerCaseOf } from './header-case.ts';
import { getHeader, type HeaderList, hasToken, isGrpcContentType, withoutHeaders } from './header-list.ts';
import type { ConnectionState, HttpServing } from './http-serving.ts';
import { renderLocalReply } from './local-reply.ts';
import { buildRequestHeaders, trustedClient } from './request-headers.ts';
import { buildResponseHeaders } from './response-headers.ts';
import { grpcRequestHeaders, isGrpcWeb, translateGrpcWeb } from './translate-grpc-web.ts';

type Counted = keyof HttpStatistics['counters'];

const timeoutCounters: Readonly<Record<string, Counted>> = {
  stream_idle_timeout: 'downstream_rq_idle_timeout',
  max_duration_timeout: 'downstream_rq_max_duration_reached',
  request_overall_timeout: 'downstream_rq_timeout',
};

const rejectionCounters: Readonly<Record<string, Counted>> = {
  path_normalization_failed: 'downstream_rq_failed_path_normalization',
  absolute_path_rejected: 'downstream_rq_non_relative_path',
};

const badBase64: LocalReply = {
  status: 400,
  body: 'Bad gRPC-web request, invalid base64 data.',
  details: 'grpc_base_64_decode_failed_bad_size',
};

export function serveRequest(downstream: DownstreamStream, state: ConnectionState, serving: HttpServing): void {
  const { connection } = state;
  const manager = state.manager();
  const info = createExchangeInfo();
  const statistics = state.statistics();
  const { counters, gauges } = statistics.http;
  const grpcWeb = manager.grpcWeb && isGrpcWeb(downstream.head.headers);
  const onSent = (difference: number): void => {
    info.bytesSent += difference;
  };
  const translated = grpcWeb
    ? translateGrpcWeb(downstream, {
        onBadRequest: () => refuse(badBase64),
        onReceived: (difference) => {
          info.bytesReceived += difference;
        },
        onSent,
      })
    : undefined;
  const plain = translated ?? downstream;
  const { compression } = manager;
  const stream =
    compression === undefined || requestedUpgrade(downstream) !== undefined
      ? plain
      : compressAnswers(plain, compression, onSent);
  const startedAt = performance.now();
  const scheme = connection.tls ? 'https' : 'http';
  let responded = false;
  let finished = false;
  let isReset = false;
  let idleTimer: NodeJS.Timeout | undefined;
  const deadlines: NodeJS.Timeout[] = [];
  let requestDeadline: NodeJS.Timeout | undefined;
  const events: ExchangeEvents = {
    onData: () => {},
    onRequestEnd: () => {},
    onDrain: () => {},
    onAbort: () => {},
  };
  const clientCloses =
    stream.protocol === 'HTTP/1.1' && hasToken(getHeader(stream.head.headers, 'connection'), 'close');

  // To Envoy such a request never ends: an answer that does not change protocols ends the connection.
  const upgrades = requestedUpgrade(stream) !== undefined;

  const respond = (status: number, headers: HeaderList, endStream: boolean): void => {
    responded = true;
    clearTimeout(requestDeadline);
    info.responseCode = status;
    info.responseHeaders = headers;
    countAnswer(counters, status);
    countAnswer(statistics.listener, status);
    if (!stream.requestComplete) counters.downstream_rq_response_before_rq_complete++;
    stream.respond(status, headers, endStream, exchange.responseCase);
  };
  const mustClose = (): boolean =>
    stream.protocol === 'HTTP/1.1' && (clientCloses || upgrades || !stream.requestComplete || state.draining());

  const changeAnswer = (headers: HeaderList): HeaderList => {
    const changed = exchange.changeResponse?.(headers) ?? headers;
    return exchange.completeResponse?.(changed) ?? changed;
  };

  const exchange: Exchange = {
    stream,
    connection,
    manager,
    statistics: statistics.http,
    startedAt,
    headers: stream.head.headers,
    method: stream.head.method,
    path: stream.head.target,
    authority: stream.head.authority ?? '',
    scheme,
    info,
    changeResponse: undefined,
    completeResponse: undefined,
    headerCase:
      manager.preservesHeaderCase && stream.head.rawHeaders ? headerCaseOf(stream.head.rawHeaders) : undefined,
    responseCase: undefined,
    events,
    sendLocalReply: (reply: LocalReply) => {
      if (responded || finished) return;
      info.details ??= reply.details;
      for (const flag of reply.flags ?? []) info.flags.add(flag);
      const grpc = isGrpcContentType(getHeader(stream.head.headers, 'content-type'));
      const close = mustClose() || (reply.close === true && stream.protocol === 'HTTP/1.1');
      const traits = { manager, upstreamServiceTimeMs: reply.upstreamServiceTimeMs, close };
      const own = override(changeAnswer(reply.headers ?? []), reply.overrides);
      const isHead = stream.head.method === 'HEAD';
      const rendered = renderLocalReply(
        reply.status,
        // A gRPC message says what a body would: HEAD gets neither.
        grpc && isHead ? '' : reply.body,
        grpc && reply.grpcStatus !== 'none' ? (reply.grpcStatus ?? 'mapped') : undefined,
        own,
      );
      const bodiless = rendered.body.length === 0 || isHead;
      respond(rendered.status, buildResponseHeaders(rendered.headers, traits), bodiless);
      if (bodiless) return;
      info.bytesSent += rendered.body.length;
      stream.write(rendered.body);
      stream.end(undefined);
    },
    sendHeaders: (status, headers, endStream) => {
      const now = performance.now();
      info.responseStartAt = now;
      const upgraded = status === 101;
      const traits = {
        manager,
        upstreamServiceTimeMs: upstreamServiceTimeMs(info, now),
        close: !upgraded && mustClose(),
        upgraded,
      };
      info.responseCode = status;
      info.responseHeaders = headers;
      respond(status, buildResponseHeaders(headers, traits, changeAnswer), endStream);
    },
    sendData: (chunk) => {
      info.bytesSent += chunk.length;
      idleTimer?.refresh();
      return stream.write(chunk);
    },
    sendEnd: (trailers) => {
      info.responseTrailers = trailers ?? [];
      stream.end(trailers);
    },
    reset: () => {
      if (finished) return;
      counters.downstream_rq_tx_reset++;
      isReset = true;
      stream.reset();
    },
  };

  const finish = (complete: boolean): void => {
    if (finished) return;
    finished = true;
    clearTimeout(idleTimer);
    for (const deadline of deadlines) clearTimeout(deadline);
    state.requestEnded();
    if (!complete && info.flags.size === 0) {
      // The answer was not broken off by us: the client went away.
      info.flags.add('DC');
      info.details = 'downstream_remote_disconnect';
    }
    gauges.downstream_rq_active--;
    if (!complete && !isReset) counters.downstream_rq_rx_reset++;
    statistics.http.requestMs.record(performance.now() - startedAt);
    if (!complete) events.onAbort();
    if (manager.accessLogs.length > 0) serving.log(manager.accessLogs, buildRequestInfo(exchange, performance.now()));
  };

  state.requestStarted();
  counters.downstream_rq_total++;
  gauges.downstream_rq_active++;
  if (stream.protocol === 'HTTP/2') counters.downstream_rq_http2_total++;
  else counters.downstream_rq_http1_total++;
  const onProtocolError = (): void =>
    refuse({ status: 400, body: 'Bad Request', details: 'http1.codec_error', flags: ['DPE'], close: true });
  stream.listen({ onDrain: () => events.onDrain(), onProtocolError, onClose: finish });
  if (!stream.hasBody) info.requestEndAt = startedAt;
  const within = (
    ms: number,
    status: number,
    body: string,
    details: string,
    flag?: ResponseFlag,
  ): NodeJS.Timeout | undefined => {
    if (ms === 0) return undefined;
    const deadline = setTimeout(() => {
      const counted = timeoutCounters[details];
      if (counted) counters[counted]++;
      if (flag) info.flags.add(flag);
      info.details = details;
      refuse({ status, body, details, close: true });
    }, ms).unref();
    deadlines.push(deadline);
    return deadline;
  };
  idleTimer = within(manager.streamIdleTimeoutMs, 408, 'stream timeout', 'stream_idle_timeout', 'SI');
  const { limits } = manager;
  within(limits.maxStreamDurationMs, 504, 'downstream duration timeout', 'max_duration_timeout', 'DT');
  if (stream.hasBody)
    requestDeadline = within(limits.requestTimeoutMs, 408, 'request timeout', 'request_overall_timeout');

  route();
  if (!stream.hasBody) return;
  stream.readBody({
    onData: (chunk) => {
      info.bytesReceived += chunk.length;
      idleTimer?.refresh();
      events.onData(chunk);
    },
    onEnd: (trailers) => {
      info.requestEndAt = performance.now();
      clearTimeout(requestDeadline);
      events.onRequestEnd(trailers);
    },
  });

  function route(): void {
    const checked = checkRequest(stream, manager, scheme);
    if (checked.kind === 'rejected') {
      const counted =
        checked.reply.status === 307
          ? 'downstream_rq_redirected_with_normalized_path'
          : rejectionCounters[checked.reply.details];
      if (counted) counters[counted]++;
      exchange.sendLocalReply(checked.reply);
      return;
    }
    exchange.path = checked.path;
    exchange.authority = checked.authority;
    const { remoteIp } = connection;
    const clientIp = trustedClient(stream.head.headers, remoteIp, manager);
    // No port is known of a client behind proxies.
    if (clientIp !== remoteIp) info.clientAddress = socketAddress(clientIp, 0);
    exchange.headers = buildRequestHeaders(
      checked.headers,
      { remoteIp, clientIp, scheme, tls: connection.tls, localAddress: connection.localAddress },
      manager,
      upgrades,
    );
    let selected = selectRoute(exchange, serving);
    decorateRequest(exchange, selected);
    const serve = (): void => {
      if (translated !== undefined) {
        translated.translateAnswers();
        exchange.headers = grpcRequestHeaders(exchange.headers);
      }
      serveRoute(exchange, selected, serving);
    };
    if (manager.guards === undefined) {
      serve();
      return;
    }
    runGuards(exchange, manager.guards, serving, {
      hasRoute: selected.kind !== 'none',
      rateLimit: (filter) =>
        selected.kind === 'route'
          ? (selected.route.rateLimits?.get(filter) ?? selected.virtualHost.rateLimits?.get(filter))
          : undefined,
      selectRouteAgain: () => {
        selected = selectRoute(exchange, serving);
        decorateRequest(exchange, selected);
      },
      next: serve,
    });
  }

  /** Of a request whose rest cannot be read. */
  function refuse(reply: LocalReply): void {
    events.onAbort();
    if (responded) exchange.reset();
    else exchange.sendLocalReply(reply);
  }
}

function override(headers: HeaderList, overrides: HeaderList | undefined): HeaderList {
  if (overrides === undefined) return headers;
  const names = new Set(overrides.filter((_, i) => i % 2 === 0));
  return [...withoutHeaders(headers, names), ...overrides];
}

/** From when the endpoint had the whole request; an answer that comes before that tells nothing of its speed, as in Envoy. */
function upstreamServiceTimeMs({ requestEndAt, heldUntil }: ExchangeInfo, now: number): number | undefined {
  return requestEndAt === undefined ? undefined : Math.round(now - Math.max(requestEndAt, heldUntil ?? 0));
}
