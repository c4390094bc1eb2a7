// The gRPC side of xDS: streams, nonces, acknowledgements and order. Pilot's ADS and the gateway's file SDS are both this server.
import type { Logger } from '../../lib/logger.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { ProxyNode } from '../node.ts';
import type { TypeUrl } from '../type-urls.ts';

export type SyncStatus = 'SYNCED' | 'NOT SENT' | 'STALE' | 'ERROR';

export interface TypeStatus {
  readonly status: SyncStatus;
  /** Milliseconds since the oldest unacknowledged response was sent; 0 when SYNCED or NOT SENT. */
  readonly staleForMs: number;
  /** The data plane's own text of its last rejection, until an ACK follows. */
  readonly error: string | undefined;
  /** Names of what it rejected and still lacks, or of what it may have been while that is being found out. */
  readonly rejected: readonly string[];
  /** Name → version that this proxy has acknowledged. */
  readonly acknowledged: ReadonlyMap<string, string>;
  readonly sentAt: number | undefined;
  readonly acknowledgedAt: number | undefined;
}

export interface ConnectedProxy {
  readonly node: ProxyNode;
  readonly connectedAt: number;
  readonly protocol: 'SotW' | 'delta';
  readonly types: ReadonlyMap<TypeUrl, TypeStatus>;
}

export interface RejectedUpdate {
  readonly node: ProxyNode;
  readonly typeUrl: TypeUrl;
  readonly error: string;
  /** Names in the rejected response. */
  readonly names: readonly string[];
}

export interface XdsServerObserver {
  connected?(proxy: ConnectedProxy): void;
  disconnected?(proxy: ConnectedProxy): void;
  acknowledged?(proxy: ConnectedProxy, typeUrl: TypeUrl): void;
  rejected?(update: RejectedUpdate): void;
  /** What a stream no longer asks for: every name of `onSubscribe` comes here exactly once, at the latest when its stream ends. */
  unsubscribed?(node: ProxyNode, typeUrl: TypeUrl, names: readonly string[]): void;
}

export interface XdsServer {
  /** Address is `unix:/path`, `127.0.0.1:15010` or `127.0.0.1:0`; returns the address really bound. */
  listen(address: string): Promise<string>;
  proxies(): readonly ConnectedProxy[];
  /** Sends everything the proxy subscribes to again, without a reconnect. False if there is no such proxy (id or name). */
  resync(proxy: string): boolean;
  close(): Promise<void>;
}

export interface XdsServerOptions {
  /** Called once a stream has presented its node. Equal proxies get the same cache. */
  readonly cacheFor: (node: ProxyNode) => ResourceCache;
  /** Called when the last stream of a node that got this cache has gone. */
  readonly release?: (node: ProxyNode) => void;
  /**
   * Called with names a stream newly asks for, before they are answered: a cache that loads on demand loads here, synchronously.
   * A name that is not in the cache afterwards is answered as absent, and sent when it appears.
   */
  readonly onSubscribe?: (node: ProxyNode, typeUrl: TypeUrl, names: readonly string[]) => void;
  readonly observer?: XdsServerObserver;
  readonly logger?: Logger;
}
