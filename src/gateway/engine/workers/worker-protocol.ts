// What the main thread and its workers say to each other.

import type { Diagnostic } from '../../../lib/diagnostic.ts';
import type { ReceivedUpdate } from '../../../xds/client/ads-client.ts';
import type { BoundListener } from '../../data-plane.ts';
import type { ListenerConfig } from '../config/engine-config.ts';
import type { SlotMemory } from '../listener/create-connection-slots.ts';
import type { StatisticsSnapshot } from '../statistics/snapshot.ts';
import type { DnsServer } from '../upstream/create-look-up.ts';

/** Given to a worker as it starts. */
export interface WorkerSettings {
  readonly drainMs: number;
  readonly dnsServers: readonly DnsServer[];
  readonly bucketMemory: SharedArrayBuffer;
  readonly slotMemory: SlotMemory | undefined;
  /** Lines for standard output go to the main thread instead. */
  readonly sendsStdout: boolean;
}

export type ToWorker =
  | { readonly kind: 'update'; readonly id: number; readonly update: ReceivedUpdate }
  /** Addresses the worker may bind: the main thread has made sure that nobody else has them. */
  | { readonly kind: 'permit'; readonly addresses: readonly string[] }
  | { readonly kind: 'statistics'; readonly id: number }
  | { readonly kind: 'drain'; readonly timeoutMs: number };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'verdict'; readonly id: number; readonly error: string | undefined }
  | {
      readonly kind: 'state';
      readonly listeners: readonly BoundListener[];
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly kind: 'statistics'; readonly id: number; readonly snapshot: StatisticsSnapshot }
  | { readonly kind: 'accessLog'; readonly lines: readonly string[] }
  /** Lines for standard output, where the main thread has asked for them. */
  | { readonly kind: 'stdout'; readonly lines: readonly string[] }
  | { readonly kind: 'drained' };

/** `0.0.0.0:80`. */
export function addressKey(listener: Pick<ListenerConfig, 'address' | 'port'>): string {
  return `${listener.address}:${listener.port}`;
}
