// Endpoints by name: asks DNS for their addresses, again and again, and keeps what it knew where DNS fails.
import { isIP } from 'node:net';
import type { DnsConfig, Endpoint } from '../config/engine-config.ts';
import type { LookUp } from './create-look-up.ts';

export interface NameResolver {
  /** Addresses by name, as far as DNS has told. */
  readonly known: ReadonlyMap<string, readonly string[]>;
  /** Ends with no more calls. */
  close(): void;
}

/** An answer that is good for less is asked for again no sooner. */
const shortestMs = 1000;

/** Calls `onEndpoints` whenever the addresses behind the names have changed; `before` is what is known already. */
export function resolveNames(
  config: DnsConfig,
  onEndpoints: (endpoints: readonly Endpoint[]) => void,
  lookUp: LookUp,
  before: NameResolver['known'] = new Map(),
): NameResolver {
  const known = new Map(before);
  const timers = new Map<string, NodeJS.Timeout>();
  let closed = false;
  let last = '';

  const publish = (): void => {
    const endpoints = config.targets.flatMap((target) => {
      const addresses = isIP(target.address) === 0 ? (known.get(target.address) ?? []) : [target.address];
      return (config.logical ? addresses.slice(0, 1) : addresses).map((address) => ({ ...target, address }));
    });
    const text = JSON.stringify(endpoints);
    if (text === last) return;
    last = text;
    onEndpoints(endpoints);
  };

  const resolve = async (name: string): Promise<void> => {
    const answer = await lookUp(name, config.family).catch(() => undefined);
    if (closed) return;
    // The order of an answer changes from one to the next; it means nothing here.
    if (answer?.addresses) known.set(name, answer.addresses.toSorted());
    publish();
    const ttlMs = config.respectTtl && answer?.ttlSeconds !== undefined ? answer.ttlSeconds * 1000 : config.refreshMs;
    timers.set(name, setTimeout(() => void resolve(name), Math.max(shortestMs, ttlMs)).unref());
  };

  const names = new Set(config.targets.map(({ address }) => address).filter((address) => isIP(address) === 0));
  publish();
  for (const name of names) void resolve(name);
  return {
    known,
    close: () => {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
