// The consuming end of xDS: what the embedded engine, simulated proxies and tests see of a management server.
import type { Logger } from '../../lib/logger.ts';
import type { Node } from '../generated/envoy/config/core/v3/base_pb.ts';
import type { TypeUrl } from '../type-urls.ts';

export type XdsProtocol = 'SotW' | 'delta';

/** Subscribes to every resource of a type (clusters and listeners; other types have no wildcard). */
export const wildcardName = '*';

export interface ReceivedResource {
  readonly name: string;
  /** Delta: the server's version of this resource. SotW, which has none per resource: a hash of the bytes. */
  readonly version: string;
  /** The encoded message, without its Any. */
  readonly bytes: Uint8Array;
}

/** The same shape for both protocols: SotW's full states arrive as differences from what was accepted before. */
export interface ReceivedUpdate {
  readonly typeUrl: TypeUrl;
  /** Added or changed. A resource that is asked for anew is here although it did not change. */
  readonly resources: readonly ReceivedResource[];
  /** Gone, or asked for by name and not there; SotW can say so only of clusters and listeners. */
  readonly removed: readonly string[];
}

/** Nothing accepts the update (ACK); a text rejects all of it (NACK), and the client keeps what it had. Throwing rejects with the error's message. */
export type UpdateVerdict = undefined | string;

export type AdsClientState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed';

export interface AdsClientOptions {
  /** `unix:/path` or `127.0.0.1:15010`. */
  readonly address: string;
  readonly node: Node;
  /** Default `delta`. */
  readonly protocol?: XdsProtocol;
  /** Called with one update at a time, in the order of the stream; the next one waits for the verdict. */
  readonly onUpdate: (update: ReceivedUpdate) => UpdateVerdict | Promise<UpdateVerdict>;
  /** `connected` when the first response of a stream has come; `waiting` (with the reason) while backing off after a lost stream. */
  readonly onState?: (state: AdsClientState, reason: string | undefined) => void;
  readonly logger?: Logger;
  /** Milliseconds; default 100 to 10000, doubled per failure, each with full jitter. */
  readonly backOff?: { readonly initialMs: number; readonly maxMs: number };
}

export interface AdsClient {
  readonly state: AdsClientState;
  /** Connects, and reconnects until closed. Subscriptions may be made before and after. */
  start(): void;
  /** Adds names (or `wildcardName`). A name subscribed already is asked for again in delta only if `again`. */
  subscribe(typeUrl: TypeUrl, names: readonly string[], options?: { readonly again?: boolean }): void;
  /** Forgets the names: the server stops sending them, and what was held of them is dropped without an update. */
  unsubscribe(typeUrl: TypeUrl, names: readonly string[]): void;
  /** What was accepted and is in force, by name; kept over a lost stream. */
  held(typeUrl: TypeUrl): ReadonlyMap<string, ReceivedResource>;
  close(): Promise<void>;
}
