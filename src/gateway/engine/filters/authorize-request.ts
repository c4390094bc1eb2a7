// The ext_authz filter: holds a request back while a service is asked whether it may pass, and does as it is told.
import { withMetadata } from '../config/dynamic-metadata.ts';
import type { ExtAuthz } from '../config/engine-config.ts';
import { wantsUpgrade } from '../http/check-request.ts';
import type { Exchange, LocalReply } from '../http/exchange.ts';
import { getHeader, type HeaderList, withoutHeaders } from '../http/header-list.ts';
import type { HttpServing } from '../http/http-serving.ts';
import { allowRequest } from './allow-request.ts';
import { askGrpcService } from './ask-grpc-service.ts';
import { askHttpService } from './ask-http-service.ts';
import type { Authorization, CheckedBody } from './authorization.ts';
import { holdRequest } from './hold-request.ts';
import { payloadTooLarge } from './limit-body.ts';

/** Calls `next` where the request may pass. */
export function authorizeRequest(
  exchange: Exchange,
  config: ExtAuthz,
  serving: HttpServing,
  selectRouteAgain: () => void,
  next: () => void,
): void {
  const { stream, info } = exchange;
  const isWebSocket =
    wantsUpgrade(getHeader(exchange.headers, 'upgrade'), getHeader(exchange.headers, 'connection')) === 'websocket';
  const buffers = stream.hasBody && !isWebSocket ? config.body : undefined;
  let state: 'buffering' | 'asking' | 'done' = 'buffering';
  let askedAt = 0;
  let giveUp = (): void => {};

  const refuse = (reply: LocalReply): void => {
    state = 'done';
    held.release(() => exchange.sendLocalReply(reply));
  };

  const decide = (answer: Authorization): void => {
    if (state === 'done') return;
    count(answer);
    writeDown(answer);
    if (answer.kind === 'denied') {
      refuse({
        status: answer.status,
        body: answer.body,
        overrides: withoutFraming(answer),
        upstreamServiceTimeMs: answer.serviceTimeMs,
        details: 'ext_authz_denied',
        flags: ['UAEX'],
      });
      return;
    }
    if (answer.kind === 'error' && !config.failureModeAllow) {
      refuse({ status: config.statusOnError, body: '', details: 'ext_authz_error', flags: ['UAEX'] });
      return;
    }
    if (answer.kind === 'error') {
      if (config.failureModeAllowHeaderAdd) exchange.headers.push('x-envoy-auth-failure-mode-allowed', 'true');
    } else {
      const refusal = allowRequest(exchange, answer);
      if (refusal !== undefined) {
        exchange.statistics.extAuthz.invalid++;
        refuse(refusal);
        return;
      }
      if (config.clearRouteCache && answer.changesRequest) selectRouteAgain();
    }
    state = 'done';
    held.release(next);
  };

  const count = (answer: Authorization): void => {
    const { extAuthz } = exchange.statistics;
    const name = answer.kind === 'allowed' ? 'ok' : answer.kind;
    extAuthz[name]++;
    const cluster = info.upstreamCluster === undefined ? undefined : serving.clusters.get(info.upstreamCluster);
    if (cluster) cluster.statistics.extAuthz[name]++;
    if (answer.kind === 'error' && config.failureModeAllow) extAuthz.failure_mode_allowed++;
  };

  const writeDown = (answer: Authorization): void => {
    if (answer.kind === 'error' || answer.metadata === undefined) return;
    const took = answer.kind === 'allowed' && { ext_authz_duration: Math.floor(performance.now() - askedAt) };
    info.metadata = withMetadata(info.metadata, 'envoy.filters.http.ext_authz', { ...answer.metadata, ...took });
  };

  const ask = (): void => {
    state = 'asking';
    askedAt = performance.now();
    const ends = config.service.kind === 'grpc' ? askGrpcService : askHttpService;
    giveUp = ends(exchange, config, bodyToCheck(), serving.clusters, decide);
  };

  const bodyToCheck = (): CheckedBody | undefined => {
    if (config.body === undefined || held.bytes === 0) return undefined;
    const bytes = held.body();
    const { maxBytes } = config.body;
    return { bytes: bytes.subarray(0, maxBytes), isPartial: bytes.length > maxBytes };
  };

  const check = (): void => {
    if (state !== 'buffering') return;
    if (buffers === undefined || held.ended) ask();
    else if (held.bytes > buffers.maxBytes && !buffers.allowPartial) refuse(payloadTooLarge);
    else if (held.bytes >= buffers.maxBytes && buffers.allowPartial) ask();
  };

  const held = holdRequest(exchange, {
    wantedBytes: buffers?.maxBytes ?? 0,
    onProgress: check,
    onAbort: () => {
      state = 'done';
      giveUp();
    },
  });
  check();
}

const length: ReadonlySet<string> = new Set(['content-length']);
const lengthAndType: ReadonlySet<string> = new Set(['content-length', 'content-type']);

/** The answer is framed anew: what the service said of its own body does not count. */
const withoutFraming = ({ headers, body }: Extract<Authorization, { kind: 'denied' }>): HeaderList =>
  withoutHeaders(headers, body.length === 0 ? lengthAndType : length);
