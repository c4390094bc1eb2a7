// Endpoints that requests name themselves (Envoy's dynamic forward proxy): a bounded cache of what DNS said of the names.
import { isIP } from 'node:net';
import { hostKey } from '../cluster/create-load-balancer.ts';
import type { PickedHost } from '../cluster/load-balancer.ts';
import type { DynamicConfig, Endpoint } from '../config/engine-config.ts';
import type { LookUp } from './create-look-up.ts';

/** Why there is none, as Envoy words it. */
export interface NoHost {
  readonly details: string;
}

export interface DynamicHosts {
  /** Calls back once, possibly before it returns; the returned function gives up. `authority`: a name or an IPv4 address, and a port. */
  find(authority: string, onFound: (found: PickedHost | NoHost) => void): () => void;
  close(): void;
}

export interface DynamicHostsOptions {
  readonly config: DynamicConfig;
  readonly lookUp: LookUp;
  /** Where no port is given. */
  readonly defaultPort: number;
  /** Told of all endpoints that are left once others are forgotten. */
  readonly onForgotten: (hostKeys: ReadonlySet<string>) => void;
  readonly now?: () => number;
}

type Waiting = (found: PickedHost | NoHost) => void;

interface Entry {
  address: string | undefined;
  /** When DNS is asked again, and when somebody asked last. */
  freshUntil: number;
  usedAt: number;
  isAsking: boolean;
  /** With the ports that they want. */
  readonly waiting: Set<Waiting>;
  readonly ports: Set<number>;
}

/** Words of c-ares, by Node's codes. */
const problems: Readonly<Record<string, string>> = {
  ENOTFOUND: 'cares_norecords:Domain_name_not_found',
  ENODATA: 'cares_norecords:DNS_server_returned_answer_with_no_data',
  ESERVFAIL: 'cares_failure:DNS_server_returned_general_failure',
  ETIMEOUT: 'cares_failure:Timeout_while_contacting_DNS_servers',
  ECONNREFUSED: 'cares_failure:Could_not_contact_DNS_servers',
  EREFUSED: 'cares_failure:DNS_server_refused_query',
};
const malformed = 'cares_failure:Misformatted_domain_name';
const noHost = (problem: string): NoHost => ({ details: `dns_resolution_failure{${problem}}` });

/** Envoy asks for nothing more often. */
const shortestMs = 5000;
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
const isName = (text: string): boolean => text.length <= 253 && text.split('.').every((part) => label.test(part));

/** Undefined where it names nobody. */
function parseAuthority(text: string, defaultPort: number): { name: string; port: number } | undefined {
  const [, host = '', digits] = /^([^:]*)(?::(\d{1,5}))?$/.exec(text.toLowerCase()) ?? [];
  const name = host.replace(/\.$/, '');
  const port = digits === undefined ? defaultPort : Number(digits);
  return port >= 1 && port <= 65_535 && (isIP(name) === 4 || isName(name)) ? { name, port } : undefined;
}

function pickedHost(address: string, port: number): PickedHost {
  const endpoint: Endpoint = {
    address,
    port,
    weight: 1,
    healthy: true,
    locality: { region: '', zone: '', subZone: '', priority: 0, weight: 0 },
  };
  return { endpoint, key: hostKey(endpoint), release: () => {} };
}

export function createDynamicHosts(options: DynamicHostsOptions): DynamicHosts {
  const { config, lookUp, defaultPort, onForgotten, now = () => performance.now() } = options;
  const entries = new Map<string, Entry>();
  let closed = false;

  const forgetIdle = (): void => {
    const before = entries.size;
    for (const [name, { usedAt, waiting }] of entries)
      if (waiting.size === 0 && now() - usedAt > config.hostTtlMs) entries.delete(name);
    if (entries.size === before) return;
    const left = [...entries.values()].flatMap(({ address, ports }) =>
      address === undefined ? [] : [...ports].map((port) => hostKey({ address, port })),
    );
    onForgotten(new Set(left));
  };
  const sweep = setInterval(forgetIdle, config.hostTtlMs).unref();

  const ask = async (name: string, entry: Entry): Promise<void> => {
    entry.isAsking = true;
    const answer = await lookUp(name, config.family).catch(() => undefined);
    entry.isAsking = false;
    if (closed) return;
    const [address] = answer?.addresses ?? [];
    const ttlMs = answer?.ttlSeconds === undefined ? config.refreshMs : answer.ttlSeconds * 1000;
    entry.freshUntil = now() + Math.max(shortestMs, ttlMs);
    // What was known stays in force while DNS fails.
    entry.address = address ?? entry.address;
    if (entry.address === undefined) entries.delete(name);
    const waiting = [...entry.waiting];
    entry.waiting.clear();
    for (const found of waiting)
      found(noHost(problems[answer?.code ?? ''] ?? 'cares_failure:DNS_server_returned_general_failure'));
  };

  const add = (name: string): Entry => {
    const entry: Entry = {
      address: isIP(name) === 4 ? name : undefined,
      freshUntil: isIP(name) === 4 ? Number.POSITIVE_INFINITY : 0,
      usedAt: now(),
      isAsking: false,
      waiting: new Set(),
      ports: new Set(),
    };
    entries.set(name, entry);
    return entry;
  };

  return {
    find: (authority, onFound) => {
      const target = parseAuthority(authority, defaultPort);
      if (target === undefined) {
        onFound(noHost(malformed));
        return () => {};
      }
      const { name, port } = target;
      if (!entries.has(name) && entries.size >= config.maxHosts) forgetIdle();
      if (!entries.has(name) && entries.size >= config.maxHosts) {
        onFound({ details: 'dns_cache_overflow' });
        return () => {};
      }
      const entry = entries.get(name) ?? add(name);
      entry.usedAt = now();
      entry.ports.add(port);
      if (entry.freshUntil <= now() && !entry.isAsking) void ask(name, entry);
      if (entry.address !== undefined) {
        onFound(pickedHost(entry.address, port));
        return () => {};
      }
      const waiting: Waiting = (failure) =>
        onFound(entry.address === undefined ? failure : pickedHost(entry.address, port));
      entry.waiting.add(waiting);
      return () => void entry.waiting.delete(waiting);
    },
    close: () => {
      closed = true;
      clearInterval(sweep);
    },
  };
}
