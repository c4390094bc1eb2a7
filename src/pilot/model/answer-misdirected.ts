// The TLS chains of one port → for each the hosts that another chain is for: HTTP/2 clients that share a connection must be told (421, RFC 9110 §15.5.20).
import { compareHosts } from './host-names.ts';
import type { FilterChainView, RouteTableView, VirtualHostView } from './proxy-view.ts';

/** Up to so many names on a port each table knows each name: beyond that the tables would grow with the square of them. */
const maxListedNames = 100;

const anyHost = '*';

interface NamedChain {
  readonly chain: FilterChainView;
  /** `*` where the chain takes every name. */
  readonly names: readonly string[];
}

/** `*.a.com` of `x.a.com`, and of `*.x.a.com`; `*` of what has no dot. */
function broader(host: string): string {
  const rest = host.startsWith('*.') ? host.slice(2) : host;
  const dot = rest.indexOf('.');
  return dot < 0 ? anyHost : `*.${rest.slice(dot + 1)}`;
}

/** Up to `*`, the next one first. */
function allBroader(host: string): readonly string[] {
  const names: string[] = [];
  for (let name = host; name !== anyHost; names.push(name)) name = broader(name);
  return names;
}

/** The chain that a connection for this host would get, as Envoy chooses it: the most specific name. */
function ownerOf(host: string, owners: ReadonlyMap<string, NamedChain>): NamedChain | undefined {
  const name = [host, ...allBroader(host)].find((one) => owners.has(one));
  return name === undefined ? undefined : owners.get(name);
}

const isCovered = (host: string, by: ReadonlySet<string>): boolean => allBroader(host).some((name) => by.has(name));

const certificateOf = ({ chain }: NamedChain): string => JSON.stringify(chain.tls?.certificates ?? []);

/** Names that clients may bring to any other chain of the port. Of many only what shares a certificate, a parent for all below it. */
function listNames(chains: readonly NamedChain[]): (chain: NamedChain) => readonly string[] {
  const all = chains.flatMap(({ names }) => names);
  if (all.length <= maxListedNames) return () => all;
  const byCertificate = new Map<string, Set<string>>();
  for (const chain of chains) {
    const key = certificateOf(chain);
    const parents = byCertificate.get(key) ?? new Set();
    byCertificate.set(key, parents);
    for (const name of chain.names) if (parents.size < maxListedNames) parents.add(broader(name));
  }
  return (chain) => [...(byCertificate.get(certificateOf(chain)) ?? [])].filter((name) => name !== anyHost);
}

/** Whether it would let somebody in who has to show a certificate to the other. */
const bypasses = (chain: FilterChainView, other: FilterChainView): boolean =>
  other.tls?.validation !== undefined && JSON.stringify(chain.tls) !== JSON.stringify(other.tls);

type OwnerFor = (host: string) => NamedChain | undefined;

/** Names of chains that check clients, which a wildcard of this table would serve unchecked: however many there are. */
function guardedNames(guarded: readonly string[], served: ReadonlySet<string>): readonly string[] {
  const hasWildcard = [...served].some((domain) => domain.startsWith(anyHost));
  return hasWildcard ? guarded.filter((name) => isCovered(name, served)) : [];
}

/** Itself where it keeps all of them, nothing where it keeps none. */
function withDomains(virtualHost: VirtualHostView, keeps: (domain: string) => boolean): VirtualHostView | undefined {
  const domains = virtualHost.domains.filter(keeps);
  if (domains.length === virtualHost.domains.length) return virtualHost;
  return domains.length === 0 ? undefined : { ...virtualHost, domains };
}

function answer(
  own: NamedChain,
  table: RouteTableView,
  names: readonly string[],
  guarded: readonly string[],
  ownerFor: OwnerFor,
): RouteTableView {
  const mayServe = (domain: string): boolean => {
    const owner = ownerFor(domain);
    return owner === undefined || owner === own || !bypasses(own.chain, owner.chain);
  };
  const virtualHosts = table.virtualHosts.change(
    [...table.virtualHosts].map(([key, virtualHost]) => [key, withDomains(virtualHost, mayServe)] as const),
  );
  const served = new Set([...virtualHosts.values()].flatMap(({ domains }) => domains));
  const taken = [...table.virtualHosts.values()].flatMap(({ domains }) => domains);
  const all = [...taken, ...names, ...guardedNames(guarded, served)];
  const misdirected = new Set(all.filter((name) => !served.has(name) && ownerFor(name) !== own));
  const unrouted = own.names.filter((name) => !served.has(name) && isCovered(name, misdirected));
  return { ...table, virtualHosts, misdirected: [...misdirected].sort(compareHosts), unrouted };
}

/**
 * A host of another chain gets 421 where this table has no route of its own for it; and also where it has one, if the other
 * chain asks clients for a certificate. `tables` are those of the chains.
 */
export function answerMisdirected(
  chains: readonly FilterChainView[],
  tables: readonly RouteTableView[],
): readonly RouteTableView[] {
  const named = chains
    .filter(
      ({ plaintextOnly, tls, serverNames, applicationProtocols }) =>
        !plaintextOnly && applicationProtocols === undefined && (tls !== undefined || serverNames.length > 0),
    )
    .map((chain): NamedChain => ({ chain, names: chain.serverNames.length === 0 ? [anyHost] : chain.serverNames }));
  if (named.length < 2) return tables;
  const owners = new Map(named.flatMap((one) => one.names.map((name) => [name, one] as const)));
  const namesFor = listNames(named);
  const guarded = named.filter(({ chain }) => chain.tls?.validation !== undefined).flatMap(({ names }) => names);
  const memo = answers.get(chains) ?? new WeakMap<RouteTableView, RouteTableView>();
  answers.set(chains, memo);
  const byTable = new Map(
    named.flatMap((one) => (one.chain.network.kind === 'http' ? [[one.chain.network.routes, one] as const] : [])),
  );
  return tables.map((table) => {
    const own = byTable.get(table.key);
    if (own === undefined) return table;
    const known = memo.get(table);
    if (known !== undefined) return known;
    const answered = answer(own, table, namesFor(own), guarded, (host) => ownerOf(host, owners));
    memo.set(table, answered);
    return answered;
  });
}

/** By chains and table: of many tables on a port one changes. */
const answers = new WeakMap<readonly FilterChainView[], WeakMap<RouteTableView, RouteTableView>>();
