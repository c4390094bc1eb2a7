// The connection manager's changes to a request's headers: what a client may not say, and what endpoints are told about it.
import { randomUUID, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { splitAddress } from '../access-log/address.ts';
import type { ForwardClientCert, HttpConnectionManager } from '../config/engine-config.ts';
import { forwardedClientCert } from './forward-client-cert.ts';
import { getHeader, type HeaderList, setHeader } from './header-list.ts';

/** Headers of one hop; `te` stays where it only says that trailers are welcome. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Envoy's instructions to itself: an outside client cannot give them. */
const edgeOnly = new Set([
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-original-path',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
]);

/** Written anew for every request, or as the manager says. */
const replaced = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-envoy-external-address',
  'x-envoy-internal',
  'x-envoy-attempt-count',
  'x-request-id',
  'x-forwarded-client-cert',
]);

const ofUpgrade = new Set(['connection', 'upgrade']);

export interface RequestOrigin {
  /** Of the peer. */
  readonly remoteIp: string;
  /** `address:port` that the client connected to. */
  readonly localAddress: string;
  /** As `trustedClient` says. */
  readonly clientIp: string;
  readonly scheme: 'http' | 'https';
  /** Certificates of a connection whose client showed one. */
  readonly tls?:
    | { readonly peer?: X509Certificate | undefined; readonly own?: X509Certificate | undefined }
    | undefined;
}

/**
 * The headers as endpoints get them, in Envoy's order: the client's, then ours. The route's own (decorator, attempt count) come later.
 * With `upgrades` the client's wish to change protocols goes along.
 */
export function buildRequestHeaders(
  received: HeaderList,
  origin: RequestOrigin,
  manager: HttpConnectionManager,
  upgrades = false,
): HeaderList {
  const nominated = nominatedHeaders(received);
  const headers: HeaderList = [];
  let forwardedFor: string | undefined;
  let forwardedProto: string | undefined;
  let forwardedPort: string | undefined;
  let clientCert: string | undefined;
  let requestId: string | undefined;
  for (let i = 0; i < received.length; i += 2) {
    const name = received[i] ?? '';
    const value = received[i + 1] ?? '';
    if (name === 'x-forwarded-for') forwardedFor = forwardedFor === undefined ? value : `${forwardedFor},${value}`;
    else if (name === 'x-forwarded-proto') forwardedProto ??= value;
    else if (name === 'x-forwarded-client-cert')
      clientCert = clientCert === undefined ? value : `${clientCert},${value}`;
    else if (name === 'x-request-id') requestId ??= value;
    else if (name === 'x-forwarded-port') forwardedPort = value;
    if (upgrades && ofUpgrade.has(name)) {
      headers.push(name, value);
      continue;
    }
    if (name === 'te' ? !/^\s*trailers\s*$/i.test(value) : hopByHop.has(name) || nominated?.has(name)) continue;
    if (replaced.has(name) || edgeOnly.has(name)) continue;
    headers.push(name, value);
  }
  const trustedProto =
    manager.xffNumTrustedHops > 0 && (forwardedProto === 'http' || forwardedProto === 'https')
      ? forwardedProto
      : undefined;
  if (manager.useRemoteAddress) {
    const address = forwardedAddress(origin.remoteIp);
    const chain = forwardedFor === undefined || forwardedFor === '' ? address : `${forwardedFor},${address}`;
    headers.push('x-forwarded-for', chain);
  } else if (forwardedFor !== undefined) headers.push('x-forwarded-for', forwardedFor);
  headers.push('x-forwarded-proto', trustedProto ?? origin.scheme);
  if (manager.useRemoteAddress) headers.push('x-envoy-external-address', origin.clientIp);
  const forwardedCert = forwardClientCert(manager.forwardClientCert, clientCert, origin.tls);
  if (forwardedCert !== undefined) headers.push('x-forwarded-client-cert', forwardedCert);
  if (manager.appendXForwardedPort && (forwardedPort === undefined || manager.xffNumTrustedHops === 0))
    setHeader(headers, 'x-forwarded-port', String(splitAddress(origin.localAddress).port ?? ''));
  const id = (manager.generateRequestId ?? true) ? randomUUID() : requestId;
  if (id !== undefined) headers.push('x-request-id', id);
  return headers;
}

/** x-forwarded-client-cert for endpoints (Envoy's forward_client_cert_details); undefined: none. */
function forwardClientCert(
  details: ForwardClientCert | undefined,
  given: string | undefined,
  tls: RequestOrigin['tls'],
): string | undefined {
  if (details === undefined) return undefined;
  if (details.mode === 'ALWAYS_FORWARD_ONLY') return given;
  // What a client without a certificate says of one is not believed.
  if (!tls?.peer) return undefined;
  if (details.mode === 'FORWARD_ONLY') return given;
  const own = forwardedClientCert(tls.peer, tls.own, details);
  return details.mode === 'APPEND_FORWARD' && given ? `${given},${own}` : own;
}

/** The client as seen past the proxies in front that are trusted; each of them added one address to the list. */
export function trustedClient(
  received: HeaderList,
  remoteIp: string,
  { useRemoteAddress, xffNumTrustedHops }: HttpConnectionManager,
): string {
  if (!useRemoteAddress || xffNumTrustedHops === 0) return remoteIp;
  const addresses = (getHeader(received, 'x-forwarded-for') ?? '').split(',').map((part) => part.trim());
  const client = addresses[addresses.length - xffNumTrustedHops] ?? '';
  return isIP(client) === 0 ? remoteIp : client;
}

/** Envoy says its own address in place of a loopback peer's: 127.0.0.1 would mean the endpoint itself there. */
function forwardedAddress(remoteIp: string): string {
  return remoteIp === '127.0.0.1' || remoteIp === '::1' ? ownAddress() : remoteIp;
}

let own: string | undefined;
/** Of the gateway: the first that is no loopback address, if there is one. */
export function ownAddress(): string {
  own ??=
    Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find((address) => address.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1';
  return own;
}

/** What `connection` names goes no further than this hop. Undefined: it names nothing that would. */
function nominatedHeaders(received: HeaderList): ReadonlySet<string> | undefined {
  let names: Set<string> | undefined;
  for (let i = 0; i < received.length; i += 2) {
    if (received[i] !== 'connection') continue;
    for (const part of (received[i + 1] ?? '').toLowerCase().split(',')) {
      const name = part.trim();
      if (name === '' || name === 'close' || name === 'keep-alive' || name === 'te') continue;
      names ??= new Set();
      names.add(name);
    }
  }
  return names;
}
