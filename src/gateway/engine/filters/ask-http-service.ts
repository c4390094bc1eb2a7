// ext_authz over HTTP: the request's head is put to a service, whose status decides.
import type { ExtAuthz, ExtAuthzHttp } from '../config/engine-config.ts';
import { buildRequestInfo } from '../http/build-request-info.ts';
import type { Exchange } from '../http/exchange.ts';
import { getHeader, type HeaderList } from '../http/header-list.ts';
import type { ClusterSet } from '../upstream/create-cluster-set.ts';
import { type Authorization, type CheckedBody, type HeaderChange, noAuthorization } from './authorization.ts';
import { callCluster, type UnaryAnswer } from './call-cluster.ts';
import { checkClient, checkedHeaders, sanitizeUtf8 } from './checked-headers.ts';
import { mutateHeaders } from './mutate-headers.ts';

/** Of the gateway's own connections. */
const ofHop: ReadonlySet<string> = new Set(['connection', 'upgrade', 'transfer-encoding', 'te', 'host']);

/** Returns what gives up asking. */
export function askHttpService(
  exchange: Exchange,
  config: ExtAuthz,
  body: CheckedBody | undefined,
  clusters: ClusterSet,
  onAnswer: (answer: Authorization) => void,
): () => void {
  const { service, timeoutMs } = config;
  if (service.kind !== 'http') return () => {};
  const sent = checkedHeaders(exchange, config, body);
  const bytes = bodyOf(body, config);
  const askedAt = performance.now();
  const list: HeaderList = ['content-length', String(bytes.length)];
  for (const [name, value] of sent)
    if (!name.startsWith(':') && name !== 'content-length' && !ofHop.has(name)) list.push(name, value);
  const added =
    service.headersToAdd === undefined
      ? list
      : mutateHeaders(list, service.headersToAdd, () => buildRequestInfo(exchange, performance.now()));
  added.push('x-envoy-internal', 'true');
  if (timeoutMs > 0) added.push('x-envoy-expected-rq-timeout-ms', String(timeoutMs));
  return callCluster(
    clusters.get(service.cluster),
    {
      head: {
        method: sent.get(':method') ?? 'GET',
        path: `${service.pathPrefix}${sent.get(':path') ?? '/'}`,
        authority: sent.get(':authority') ?? '',
        scheme: 'http',
        headers: added,
      },
      body: bytes,
      timeoutMs,
      isGrpc: false,
    },
    checkClient(exchange, sent.get(':authority') ?? ''),
    (answer) => onAnswer(readAnswer(answer, service, Math.round(performance.now() - askedAt))),
  );
}

const bodyOf = (body: CheckedBody | undefined, config: ExtAuthz): Buffer => {
  if (body === undefined) return Buffer.alloc(0);
  return config.body?.packAsBytes === true ? body.bytes : sanitizeUtf8(body.bytes);
};

/** Put on every answer by whatever asks an endpoint in Envoy, so that it can be passed on with the others. */
const serviceTime = 'x-envoy-upstream-service-time';
const toRemove = 'x-envoy-auth-headers-to-remove';

function readAnswer(answer: UnaryAnswer | undefined, service: ExtAuthzHttp, tookMs: number): Authorization {
  if (answer === undefined || answer.status >= 500) return noAuthorization;
  const { status, body } = answer;
  const headers = pairs(answer.headers).filter(([name]) => name !== toRemove);
  if (status !== 200)
    return {
      kind: 'denied',
      status,
      headers: headers.filter(([name]) => service.toClientOnDenial(name)).flat(),
      body,
      metadata: undefined,
      serviceTimeMs: service.toClientOnDenial(serviceTime) ? tookMs : undefined,
    };
  const changes = (matches: (name: string) => boolean, action: HeaderChange['action']): readonly HeaderChange[] =>
    headers.flatMap(([name, value]) => (matches(name) ? [{ name, value, action }] : []));
  const requestHeaders = [...changes(service.toUpstream, 'set'), ...changes(service.toUpstreamAppended, 'add')];
  const removeHeaders = (getHeader(answer.headers, toRemove) ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  return {
    kind: 'allowed',
    requestHeaders,
    removeHeaders,
    responseHeaders: changes(service.toClientOnSuccess, 'add'),
    setQuery: [],
    removeQuery: [],
    metadata: undefined,
    changesRequest: requestHeaders.length + removeHeaders.length > 0,
  };
}

function pairs(headers: HeaderList): readonly (readonly [name: string, value: string])[] {
  return headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1] ?? ''] as const] : []));
}
