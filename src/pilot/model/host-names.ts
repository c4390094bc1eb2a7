// Istio's rules for names of hosts and gateways: short names, wildcards, namespace prefixes, and what they have in common.
import { isIP } from 'node:net';

const clusterDomain = 'cluster.local';

export function serviceHost(namespace: string, name: string): string {
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

/** `outbound_.80_.v1_.reviews.default.svc.cluster.local`: the SNI of sidecars behind AUTO_PASSTHROUGH, and the cluster it leads to. */
export function sniDnatName(port: number, subset: string, host: string): string {
  return `outbound_.${port}_.${subset}_.${host}`;
}

/** A name without a dot is a Service of the namespace; anything else is taken as it is. */
export function resolveShortName(host: string, namespace: string): string {
  if (host === '*' || host === '' || host.includes('.') || isIP(host) !== 0) return host;
  return serviceHost(namespace, host);
}

/** `gw`, `./gw`, `ns/gw` and `gw.ns[.svc.cluster.local]` → `ns/gw`; `mesh` stays, it is no gateway of ours. */
export function resolveGatewayName(name: string, namespace: string): string {
  if (name === 'mesh') return name;
  const slash = name.indexOf('/');
  if (slash >= 0) return name.slice(0, slash) === '.' ? `${namespace}/${name.slice(slash + 1)}` : name;
  const [short = name, owner] = name.split('.');
  return owner === undefined ? `${namespace}/${name}` : `${owner}/${short}`;
}

const label = '[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?';
const dnsName = new RegExp(`^(?:\\*\\.)?(?:${label})(?:\\.${label})*$`);

/** `*`, a DNS name, one with `*.` in front, or an IP address: what a data plane takes as a domain. Lower case. */
export function isHostName(host: string): boolean {
  return host === '*' || (host.length <= 253 && dnsName.test(host)) || isIP(host) !== 0;
}

export interface ServerHost {
  /** Namespace whose VirtualServices may use the host; `*` for any. */
  readonly namespace: string;
  readonly host: string;
}

/** `ns/host`, `./host`, `*` + `/host` or `host` of a Gateway server. */
export function parseServerHost(text: string, gatewayNamespace: string): ServerHost {
  const slash = text.indexOf('/');
  if (slash < 0) return { namespace: '*', host: text.toLowerCase() };
  const namespace = text.slice(0, slash);
  return { namespace: namespace === '.' ? gatewayNamespace : namespace, host: text.slice(slash + 1).toLowerCase() };
}

/** True if all that `host` stands for is also `other`. */
export function isSubsetOf(host: string, other: string): boolean {
  if (other === '*' || host === other) return true;
  if (!other.startsWith('*')) return false;
  const suffix = other.slice(1);
  const name = host.startsWith('*') ? host.slice(1) : host;
  return name.length >= suffix.length && name.endsWith(suffix) && host !== suffix;
}

/** A list of hosts prepared for `intersectHosts`, so that thousands of lists meet it without comparing each with each. */
export interface HostIndex {
  readonly hosts: readonly string[];
  readonly exact: ReadonlySet<string>;
  readonly wildcards: readonly string[];
}

export function indexHosts(hosts: readonly string[]): HostIndex {
  return {
    hosts,
    exact: new Set(hosts.filter((host) => !host.startsWith('*'))),
    wildcards: hosts.filter((host) => host.startsWith('*')),
  };
}

/** What both have in common, the narrower of two winning; each once. */
export function intersectHosts(index: HostIndex, hosts: readonly string[]): readonly string[] {
  const common = new Set<string>();
  for (const host of hosts) {
    if (index.exact.has(host) || index.wildcards.some((wildcard) => isSubsetOf(host, wildcard))) common.add(host);
    if (!host.startsWith('*')) continue;
    for (const other of index.hosts) if (isSubsetOf(other, host)) common.add(other);
  }
  return [...common];
}

/** Istio's order of hosts that share one virtual host: exact before wildcard, longest first, then by the alphabet. */
export function compareHosts(a: string, b: string): number {
  const [wildA, wildB] = [a.startsWith('*'), b.startsWith('*')];
  if (wildA !== wildB) return wildA ? 1 : -1;
  return b.length - a.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** Of a filter chain: sorted, each once; none is every name, and connections without one. */
export const serverNamesOf = (hosts: readonly string[]): readonly string[] =>
  hosts.includes('*') ? [] : [...new Set(hosts)].sort();
