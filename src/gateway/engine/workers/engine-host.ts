// Where serving happens: in this thread, or in several worker threads; the data plane sees no difference.
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import type { ReceivedUpdate, UpdateVerdict } from '../../../xds/client/ads-client.ts';
import type { BoundListener } from '../../data-plane.ts';
import type { EngineConfig } from '../config/engine-config.ts';
import type { StatisticsSnapshot } from '../statistics/snapshot.ts';

export interface EngineHost {
  start(): Promise<void>;
  /** Brings an update that the store took into service; `config` is what the store holds now. Undefined: everybody serves it. */
  serve(update: ReceivedUpdate, config: EngineConfig): Promise<UpdateVerdict> | UpdateVerdict;
  listeners(): readonly BoundListener[];
  /** Every listener is bound, or is known not to be. */
  settled(): boolean;
  /** Ports that could not be bound, and threads that died. */
  diagnostics(): readonly Diagnostic[];
  /** Of all threads together. */
  statistics(): Promise<StatisticsSnapshot>;
  /** Called again with less time, it hurries. */
  drain(timeoutMs: number): Promise<void>;
}
