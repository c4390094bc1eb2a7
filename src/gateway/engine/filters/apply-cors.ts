// The CORS filter: answers preflights in the gateway's own name, and tells browsers which origins may read an answer.
import type { Cors } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import { getHeader, type HeaderList, setHeader } from '../http/header-list.ts';
import { isChosen } from './inject-fault.ts';

/** Only of requests that are forwarded, as in Envoy. Calls `next` unless the request is answered here. `random` gives numbers in [0, 1). */
export function applyCors(exchange: Exchange, cors: Cors, random: () => number, next: () => void): void {
  const origin = getHeader(exchange.headers, 'origin') ?? '';
  const method = getHeader(exchange.headers, 'access-control-request-method') ?? '';
  const isPreflight = exchange.stream.head.method === 'OPTIONS' && method !== '';
  if (origin === '' || !isChosen(cors.share, random)) {
    next();
    return;
  }
  const { cors: counters } = exchange.statistics;
  if (!isAllowed(cors, origin)) {
    counters.origin_invalid++;
    if (isPreflight && !cors.forwardUnmatchedPreflights) answerPreflight(exchange, []);
    else next();
    return;
  }
  counters.origin_valid++;
  if (isPreflight) {
    answerPreflight(exchange, preflightHeaders(exchange, cors, origin, method));
    return;
  }
  const ofRoute = exchange.changeResponse;
  exchange.changeResponse = (received) => {
    const headers = [...(ofRoute?.(received) ?? received)];
    const put = readHeaders(cors, origin);
    for (let i = 0; i < put.length; i += 2) setHeader(headers, put[i] ?? '', put[i + 1] ?? '');
    return headers;
  };
  next();
}

const isAllowed = ({ anyOrigin, origins }: Cors, origin: string): boolean =>
  anyOrigin || origins.some(({ matches }) => matches(origin));

/** It is not the route's answer: what that says of answers does not count. */
function answerPreflight(exchange: Exchange, headers: HeaderList): void {
  exchange.changeResponse = undefined;
  exchange.sendLocalReply({ status: 200, body: '', details: 'cors_response', headers, grpcStatus: 'none' });
}

function preflightHeaders(exchange: Exchange, cors: Cors, origin: string, method: string): HeaderList {
  const asked = getHeader(exchange.headers, 'access-control-request-headers') ?? '';
  return [
    ...readHeaders(cors, origin),
    ...given('access-control-allow-methods', cors.allowMethods === '*' ? method : cors.allowMethods),
    ...given('access-control-allow-headers', cors.allowHeaders === '*' ? asked : cors.allowHeaders),
    ...given('access-control-max-age', cors.maxAge),
  ];
}

const readHeaders = (cors: Cors, origin: string): HeaderList => [
  'access-control-allow-origin',
  origin,
  ...given('access-control-allow-credentials', cors.allowCredentials ? 'true' : ''),
  ...given('access-control-expose-headers', cors.exposeHeaders),
];

const given = (name: string, value: string): HeaderList => (value === '' ? [] : [name, value]);
