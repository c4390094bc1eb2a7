// All listeners of the engine: brings what is bound in line with the configuration, and says what could not be bound.
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import type { BoundListener } from '../../data-plane.ts';
import type { ListenerConfig } from '../config/engine-config.ts';
import { createListener, type Listener, type ListenerOptions } from './create-listener.ts';

export interface ListenerSet {
  apply(configs: ReadonlyMap<string, ListenerConfig>): void;
  /** Sorted by name. */
  bound(): readonly BoundListener[];
  diagnostics(): readonly Diagnostic[];
  /** Every listener is bound, or is known not to be. */
  readonly settled: boolean;
  /** Stops accepting and waits until connections have ended, at most so long. */
  drain(timeoutMs: number): Promise<void>;
}

export function createListenerSet(options: ListenerOptions): ListenerSet {
  const listeners = new Map<string, Listener>();
  /** Bound no more, with connections that still go on. */
  const leaving = new Set<Listener>();

  const add = (config: ListenerConfig): void => {
    const listener = createListener(config, options);
    listeners.set(config.name, listener);
    listener.start();
  };

  return {
    get settled() {
      return [...listeners.values()].every((listener) => listener.state.state !== 'warming');
    },
    apply: (configs) => {
      // What goes makes room first: another listener may want its port.
      for (const [name, listener] of listeners) {
        const next = configs.get(name);
        if (next && sameAddress(next, listener.config)) continue;
        listeners.delete(name);
        leaving.add(listener);
        void listener.stop({ drainMs: options.drainMs, idle: false }).then(() => leaving.delete(listener));
      }
      for (const [name, config] of configs) {
        const known = listeners.get(name);
        if (!known) add(config);
        else if (known.config.version !== config.version) known.update(config);
      }
    },
    bound: () =>
      [...listeners.values()]
        .map(({ config, state }) => ({
          name: config.name,
          address: config.address,
          port: state.port,
          state: state.state,
          error: state.error?.message,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    diagnostics: () => [...listeners.values()].flatMap((listener) => diagnose(listener) ?? []),
    drain: async (timeoutMs) => {
      for (const [name, listener] of listeners) {
        listeners.delete(name);
        leaving.add(listener);
      }
      await Promise.all([...leaving].map((listener) => listener.stop({ drainMs: timeoutMs, idle: true })));
    },
  };
}

function sameAddress(a: ListenerConfig, b: ListenerConfig): boolean {
  return a.address === b.address && a.port === b.port;
}

/** A port that is not served, in words that name it. */
function diagnose({ config, state }: Listener): Diagnostic | undefined {
  if (state.state !== 'failed' || !state.error) return undefined;
  return diagnoseBindError(config, state.error);
}

export function diagnoseBindError(
  { name, address, port }: Pick<ListenerConfig, 'name' | 'address' | 'port'>,
  error: { readonly code: string; readonly message: string },
): Diagnostic {
  const where = `${address}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return {
        severity: 'error',
        code: 'TG0019',
        message: `Port ${port} is in use: another process listens on ${where}, so listener ${name} does not serve. All other ports do.`,
        remedy: `Stop the other process (ss -ltnp 'sport = :${port}' shows it) or map the Gateway port elsewhere with --port-map; it is tried again by itself.`,
      };
    case 'EACCES':
      return {
        severity: 'error',
        code: 'TG0020',
        message: `Port ${port} is privileged: this user may not listen on ${where}, so listener ${name} does not serve. All other ports do.`,
        remedy: `Map the Gateway port to one above 1023 with --port-map, for example 80=18080.`,
      };
    default:
      return {
        severity: 'error',
        code: 'TG0024',
        message: `Listener ${name} cannot listen on ${where}: ${error.message}. All other ports serve.`,
        remedy: 'Give an address of this machine with --bind.',
      };
  }
}
