// Opens TCP connections to endpoints and words their failures as Envoy does; the pools and the TCP proxy share it.
import net from 'node:net';
import type { Endpoint, TcpKeepalive } from '../config/engine-config.ts';
import { secureUpstream, type UpstreamTransport } from './secure-upstream.ts';
import type { UpstreamReset } from './upstream-stream.ts';

export interface ConnectCallbacks {
  onConnected(socket: net.Socket): void;
  onFailed(reset: UpstreamReset): void;
}

/** What strerror says, which is what Envoy logs. */
const errorTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ETIMEDOUT: 'Connection timed out',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EACCES: 'Permission denied',
};

export interface ConnectOptions {
  readonly allowHalfOpen?: boolean;
  readonly keepalive?: TcpKeepalive | undefined;
  readonly transport?: UpstreamTransport;
}

/** Exactly one callback is called unless the returned function, which gives up, was called before. */
export function connectUpstream(
  endpoint: Pick<Endpoint, 'address' | 'port'>,
  timeoutMs: number,
  callbacks: ConnectCallbacks,
  options: ConnectOptions = {},
): () => void {
  const { proxyHeader, security, unavailable } = options.transport ?? {};
  const socket = net.connect({
    host: endpoint.address,
    port: endpoint.port,
    noDelay: true,
    allowHalfOpen: options.allowHalfOpen ?? false,
  });
  let settled = false;
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    return true;
  };
  const fail = (
    reason: UpstreamReset['reason'],
    transportFailure: string | undefined,
    tlsFailure?: UpstreamReset['tlsFailure'],
  ): void => {
    if (!settle()) return;
    socket.destroy();
    callbacks.onFailed({ reason, transportFailure, tlsFailure, staleConnection: false });
  };
  const timer = setTimeout(() => fail('connection timeout', undefined), timeoutMs);
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const text = errorTexts[error.code ?? ''] ?? error.message;
    fail('remote connection failure', `delayed connect error: ${text}`);
  });
  socket.once('connect', () => {
    if (settled) return;
    if (options.keepalive) keepAlive(socket, options.keepalive);
    if (unavailable !== undefined) {
      fail('remote connection failure', unavailable);
      return;
    }
    if (proxyHeader !== undefined) socket.write(proxyHeader);
    if (security === undefined) {
      if (settle()) callbacks.onConnected(socket);
      return;
    }
    // The time to connect is for the handshake too.
    secureUpstream(
      socket,
      security,
      (secured) => {
        if (settle()) callbacks.onConnected(secured);
      },
      (reason, failure) => fail('remote connection failure', reason, failure),
    );
  });
  return () => {
    if (settle()) socket.destroy();
  };
}

/** What is not said is left to the kernel. */
function keepAlive(socket: net.Socket, { probes, timeSeconds, intervalSeconds }: TcpKeepalive): void {
  socket.setKeepAlive({
    enable: true,
    initialDelay: (timeSeconds ?? 0) * 1000,
    ...(intervalSeconds === undefined ? {} : { interval: intervalSeconds * 1000 }),
    ...(probes === undefined ? {} : { count: probes }),
  });
}

/** `address:port`, IPv6 in brackets; '' where the socket has no address any more. */
export function socketAddress(address: string | undefined, port: number | undefined): string {
  if (address === undefined || port === undefined) return '';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
