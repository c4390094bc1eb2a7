// One request at an endpoint, whichever protocol carries it: what the router sees of HTTP/1.1 and HTTP/2 connections.
import type { ClusterConfig, Endpoint } from '../config/engine-config.ts';
import type { HeaderCase } from '../http/header-case.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { ClusterStatistics } from '../statistics/cluster-statistics.ts';
import type { ResourceLimits } from './resource-limits.ts';
import type { UpstreamTransport } from './secure-upstream.ts';
import type { TlsFailure } from './tls-failure.ts';

export interface UpstreamRequestHead {
  readonly method: string;
  readonly path: string;
  /** May be empty: HTTP/1.1 then sends no host. */
  readonly authority: string;
  readonly scheme: string;
  /** Without host and pseudo headers. */
  readonly headers: HeaderList;
  /** How HTTP/1.1 writes names; absent: in lower case. */
  readonly headerCase?: HeaderCase | undefined;
  /** The protocol that the client asks to change to; a body is bytes of it. */
  readonly upgrade?: string | undefined;
  /** Body and answer are the two directions of a connection: an HTTP/1.1 connection ends with the body. */
  readonly isTunnel?: boolean | undefined;
  /** There is no body and there are no trailers. */
  readonly endStream: boolean;
}

/** Envoy's reset reasons, as it words them. */
export type ResetReason =
  | 'local reset'
  | 'remote connection failure'
  | 'connection timeout'
  | 'connection termination'
  | 'remote reset'
  | 'remote refused stream reset'
  | 'protocol error'
  | 'overflow';

export interface UpstreamReset {
  readonly reason: ResetReason;
  /** `delayed connect error: Connection refused`. */
  readonly transportFailure: string | undefined;
  /** What went wrong with TLS, where that is why there is no connection. */
  readonly tlsFailure?: TlsFailure | undefined;
  /** The connection had idled so long that the endpoint may have closed it before it read anything of this request. */
  readonly staleConnection: boolean;
}

export interface UpstreamEvents {
  /** 100 only; other interim answers are dropped, as Envoy does. */
  onContinue(): void;
  /** `headerCase`: how the endpoint writes names, where that is to be kept. */
  onHeaders(status: number, headers: HeaderList, endStream: boolean, headerCase?: HeaderCase): void;
  onData(chunk: Buffer): void;
  /** The answer is complete. Nothing follows. Not called after `onHeaders` with `endStream`. */
  onEnd(trailers: HeaderList | undefined): void;
  /** The request failed, or its answer breaks off. Nothing follows. */
  onReset(reset: UpstreamReset): void;
  /** A `write` that returned false has been flushed. */
  onDrain(): void;
}

export interface UpstreamStream {
  /** False: wait for `onDrain`. */
  write(chunk: Buffer): boolean;
  end(trailers: HeaderList | undefined): void;
  pause(): void;
  resume(): void;
  /** Gives up: no event follows. */
  cancel(): void;
}

/** A connection that can take one more request now. */
export interface ReadyConnection {
  /** `address:port` of our end. */
  readonly localAddress: string;
  send(head: UpstreamRequestHead, events: UpstreamEvents): UpstreamStream;
}

export interface PendingConnection {
  cancel(): void;
}

/** A limit of the cluster is reached. */
export const overflow: UpstreamReset = { reason: 'overflow', transportFailure: undefined, staleConnection: false };

export interface HttpPoolOptions {
  readonly endpoint: Pick<Endpoint, 'address' | 'port'>;
  /** Read at each use: a cluster may change while its pools live on. */
  readonly config: () => Pick<ClusterConfig, 'connectTimeoutMs' | 'connections'>;
  readonly limits: ResourceLimits;
  readonly statistics: () => ClusterStatistics;
  /** Asked for at each connect: certificates are renewed while pools live on. */
  readonly transport: () => UpstreamTransport;
}

/** The connections to one endpoint. */
export interface ConnectionPool {
  /** Calls one of both once, possibly before it returns. `fresh` asks for a connection that has carried no request. */
  acquire(
    onReady: (connection: ReadyConnection) => void,
    onFailure: (reset: UpstreamReset) => void,
    options?: { readonly fresh?: boolean },
  ): PendingConnection;
  /** No new requests come; connections close when their last one ends. */
  drain(): void;
  /** Connections open, and those of them without a request; requests that wait for one. */
  size(): { readonly connections: number; readonly idle: number; readonly waiting: number };
}
