// Keeps the key sets that RequestAuthentications name: fetched at once, again and again, and the last good one until there is a better.
import type { KeySource } from '../model/list-key-sources.ts';
import type { FetchedJwks, FetchedKeys } from '../model/select-request-authentications.ts';
import { type FetchResult, fetchJwks } from './fetch-jwks.ts';

export interface KeyFetcher {
  /** Fetches from these from now on, and forgets others. Whether one of them has keys now that had none. */
  follow(sources: readonly KeySource[]): boolean;
  /** By the names of their sources; one that has never been tried to its end is missing. */
  keys(): FetchedKeys;
  /** Resolves when each source that is followed has been tried, or nobody should wait any longer. */
  tried(): Promise<void>;
  close(): void;
}

export interface KeyFetcherOptions {
  /** Milliseconds between two fetches that succeed, at most: a server may ask for shorter ones (max-age). */
  readonly refreshMs: number;
  /** What `keys` gives has changed. Never called from within `follow`. */
  readonly onChange: () => void;
  readonly fetch?: (source: KeySource, signal: AbortSignal) => Promise<FetchResult>;
  /** 0 to 1; spreads what would come at the same time. */
  readonly random?: () => number;
}

const minRefreshMs = 60_000;
const firstRetryMs = 1000;
const maxRetryMs = 60_000;
/** Whatever is asked for. */
const minPauseMs = 100;
const maxInFlight = 8;
const maxWaitMs = 5000;

interface Followed {
  readonly source: KeySource;
  readonly stop: AbortController;
  timer: NodeJS.Timeout | undefined;
  failures: number;
  wasTried: boolean;
}

export function createKeyFetcher(options: KeyFetcherOptions): KeyFetcher {
  const { refreshMs, onChange, fetch = fetchJwks, random = Math.random } = options;
  const followed = new Map<string, Followed>();
  const known = new Map<string, FetchedJwks>();
  const waiting: Followed[] = [];
  const listeners = new Set<() => void>();
  let inFlight = 0;

  /** The same object as long as nothing changes: what is made of it is made once. */
  let published: FetchedKeys | undefined;
  const isFollowed = (one: Followed): boolean => followed.get(one.source.name) === one;

  const pump = (): void => {
    while (inFlight < maxInFlight) {
      const next = waiting.shift();
      if (next === undefined) return;
      if (isFollowed(next)) void run(next);
    }
  };

  const run = async (one: Followed): Promise<void> => {
    inFlight += 1;
    const result = await fetch(one.source, one.stop.signal);
    inFlight -= 1;
    if (isFollowed(one)) take(one, result);
    pump();
  };

  const take = (one: Followed, result: FetchResult): void => {
    const { name } = one.source;
    const before = known.get(name);
    const next: FetchedJwks =
      result.kind === 'keys'
        ? { jwks: result.jwks, problem: undefined }
        : { jwks: before?.jwks, problem: result.problem };
    one.failures = result.kind === 'keys' ? 0 : one.failures + 1;
    one.wasTried = true;
    const pause =
      result.kind === 'keys'
        ? Math.min(refreshMs, Math.max(result.maxAgeMs ?? refreshMs, Math.min(minRefreshMs, refreshMs)))
        : Math.min(firstRetryMs * 2 ** Math.min(one.failures - 1, 10), maxRetryMs, refreshMs);
    one.timer = setTimeout(() => enqueue(one), Math.max(pause * (0.9 + random() * 0.1), minPauseMs));
    // What runs is not kept running by it.
    one.timer.unref();
    if (before?.jwks !== next.jwks || before?.problem !== next.problem) {
      known.set(name, next);
      published = undefined;
      onChange();
    }
    for (const listener of listeners) listener();
  };

  const enqueue = (one: Followed): void => {
    waiting.push(one);
    pump();
  };

  const forget = (one: Followed): void => {
    clearTimeout(one.timer);
    one.stop.abort();
    followed.delete(one.source.name);
    known.delete(one.source.name);
    published = undefined;
  };

  return {
    follow: (sources) => {
      const wanted = new Map(sources.map((source) => [source.name, source]));
      // An issuer whose keys have moved keeps those that it had until they come from the new place.
      const left = new Map<string, string>();
      for (const one of [...followed.values()]) {
        const again = wanted.get(one.source.name);
        if (again !== undefined && again.timeoutMs === one.source.timeoutMs) continue;
        const jwks = known.get(one.source.name)?.jwks;
        if (jwks !== undefined) left.set(one.source.issuer, jwks);
        forget(one);
      }
      let hasMoved = false;
      for (const source of wanted.values()) {
        if (followed.has(source.name)) continue;
        const one: Followed = {
          source,
          stop: new AbortController(),
          timer: undefined,
          failures: 0,
          wasTried: false,
        };
        followed.set(source.name, one);
        const jwks = left.get(source.issuer);
        if (jwks !== undefined) {
          known.set(source.name, { jwks, problem: undefined });
          published = undefined;
          hasMoved = true;
        }
        enqueue(one);
      }
      for (const listener of listeners) listener();
      return hasMoved;
    },
    keys: () => {
      published ??= new Map(known);
      return published;
    },
    tried: () =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          listeners.delete(check);
          resolve();
        };
        const check = (): void => {
          if ([...followed.values()].every(({ wasTried }) => wasTried)) end();
        };
        const timer = setTimeout(end, maxWaitMs);
        listeners.add(check);
        check();
      }),
    close: () => {
      for (const one of [...followed.values()]) forget(one);
      for (const listener of listeners) listener();
    },
  };
}
