// Which addresses workers may bind: those the main thread found free. Others are asked for again until they are.
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import type { ListenerConfig } from '../config/engine-config.ts';
import { diagnoseBindError } from '../listener/create-listener-set.ts';
import { type Probe, probePort } from './probe-port.ts';
import { addressKey } from './worker-protocol.ts';

export interface PortPermits {
  /** The listeners there are now. */
  want(listeners: Iterable<ListenerConfig>): void;
  granted(): readonly string[];
  refusal(key: string): { readonly code: string; readonly message: string } | undefined;
  diagnostics(): readonly Diagnostic[];
  close(): void;
}

export interface PortPermitsOptions {
  readonly onChange: () => void;
  readonly retryMs?: number;
  readonly probe?: (address: string, port: number) => Promise<Probe>;
}

interface Entry {
  readonly listener: ListenerConfig;
  state: { readonly kind: 'probing' } | Probe;
}

export function createPortPermits({ onChange, retryMs = 1000, probe = probePort }: PortPermitsOptions): PortPermits {
  let entries = new Map<string, Entry>();
  let closed = false;

  const ask = async (key: string, entry: Entry): Promise<void> => {
    const answer = await probe(entry.listener.address, entry.listener.port);
    if (closed || entries.get(key) !== entry) return;
    const changed = answer.kind === 'free' || entry.state.kind !== 'taken';
    entry.state = answer;
    if (answer.kind === 'taken') setTimeout(() => void ask(key, entry), retryMs).unref();
    if (changed) onChange();
  };

  return {
    want: (listeners) => {
      const next = new Map<string, Entry>();
      for (const listener of listeners) {
        const key = addressKey(listener);
        const known = entries.get(key);
        next.set(key, known ?? { listener, state: { kind: 'probing' } });
      }
      const before = entries;
      entries = next;
      for (const [key, entry] of next) if (!before.has(key)) void ask(key, entry);
    },
    granted: () => [...entries].filter(([, { state }]) => state.kind === 'free').map(([key]) => key),
    refusal: (key) => {
      const state = entries.get(key)?.state;
      return state?.kind === 'taken' ? state : undefined;
    },
    diagnostics: () =>
      [...entries.values()].flatMap(({ listener, state }) =>
        state.kind === 'taken' ? [diagnoseBindError(listener, state)] : [],
      ),
    close: () => {
      closed = true;
    },
  };
}
