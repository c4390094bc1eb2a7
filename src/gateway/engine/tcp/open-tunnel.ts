// Reaches the target of a TCP connection through an HTTP proxy: a request that succeeds, whose body and answer are the connection.
import { Duplex } from 'node:stream';
import type { PickedHost } from '../cluster/load-balancer.ts';
import type { TcpTunnel } from '../config/engine-config.ts';
import type { DownstreamConnection } from '../http/downstream-stream.ts';
import type { Cluster } from '../upstream/create-cluster-set.ts';
import type {
  PendingConnection,
  ReadyConnection,
  UpstreamEvents,
  UpstreamStream,
} from '../upstream/upstream-stream.ts';

export interface TunnelCallbacks {
  onConnected(upstream: Duplex, localAddress: string): void;
  /** The text is what access logs say of it. */
  onFailed(transportFailure: string | undefined): void;
}

export interface TunnelOptions {
  readonly tunnel: TcpTunnel;
  readonly cluster: Cluster;
  readonly host: PickedHost;
  readonly connection: Pick<DownstreamConnection, 'remoteAddress' | 'localAddress'>;
  /** For the answer; 0 for no limit. */
  readonly timeoutMs: number;
}

/** Over HTTP/1.1 each 2xx, over HTTP/2 no other than 200, and none that ends with its head: as Envoy. */
const isSuccess = (status: number, endStream: boolean, isHttp2: boolean): boolean =>
  !endStream && (isHttp2 ? status === 200 : status >= 200 && status < 300);

/** Exactly one callback is called, possibly before it returns, unless the returned function, which gives up, was called before. */
export function openTunnel(options: TunnelOptions, callbacks: TunnelCallbacks): () => void {
  const { tunnel, cluster, host, connection } = options;
  const isHttp2 = cluster.config.protocol === 'http2';
  let settled = false;
  const settle = (): boolean => {
    const isFirst = !settled;
    settled = true;
    clearTimeout(timer);
    return isFirst;
  };
  let stream: UpstreamStream | undefined;
  let upstream: Duplex | undefined;
  let drained: (() => void) | undefined;
  /** The endpoint has said all: there is nothing to give up any more. */
  let ended = false;

  const join = (): Duplex =>
    new Duplex({
      read: () => stream?.resume(),
      write: (chunk: Buffer, _encoding, done) => {
        if (stream?.write(chunk) === false) drained = done;
        else done();
      },
      final: (done) => {
        stream?.end(undefined);
        done();
      },
      destroy: (error, done) => {
        if (!ended) stream?.cancel();
        done(error);
      },
    });
  const finish = (): void => {
    ended = true;
    if (settle()) callbacks.onFailed(undefined);
    upstream?.push(null);
  };
  const events = (localAddress: string): UpstreamEvents => ({
    onContinue: () => {},
    onHeaders: (status, _headers, endStream) => {
      ended = endStream;
      if (!settle()) return;
      if (isSuccess(status, endStream, isHttp2)) {
        upstream = join();
        callbacks.onConnected(upstream, localAddress);
        return;
      }
      if (!endStream) cancel();
      callbacks.onFailed(`tunnel_response:${status}`);
    },
    onData: (chunk) => {
      if (upstream?.push(chunk) === false) stream?.pause();
    },
    onEnd: finish,
    onReset: () => {
      finish();
      // Nothing takes what the client says from here on.
      upstream?.end();
      drained?.();
    },
    onDrain: () => {
      const done = drained;
      drained = undefined;
      done?.();
    },
  });
  let isCancelled = false;
  const cancel = (): void => {
    isCancelled = true;
    stream?.cancel();
  };
  const send = (ready: ReadyConnection): void => {
    const { method, target } = tunnel;
    stream = ready.send(
      {
        method,
        path: method === 'POST' ? tunnel.path : target,
        authority: target,
        scheme: cluster.config.tls === undefined ? 'http' : 'https',
        headers: [],
        isTunnel: true,
        endStream: false,
      },
      events(ready.localAddress),
    );
    if (isCancelled) stream.cancel();
  };
  const abandon = (): void => {
    if (!settle()) return;
    pending?.cancel();
    cancel();
  };
  let pending: PendingConnection | undefined;
  const timer =
    options.timeoutMs > 0
      ? setTimeout(() => {
          abandon();
          callbacks.onFailed(undefined);
        }, options.timeoutMs).unref()
      : undefined;
  pending = cluster
    .poolOf(host, {
      protocol: 'HTTP/1.1',
      authority: tunnel.target,
      addresses: { source: connection.remoteAddress, destination: connection.localAddress },
    })
    .acquire(send, ({ transportFailure }) => {
      if (settle()) callbacks.onFailed(transportFailure);
    });
  return abandon;
}
