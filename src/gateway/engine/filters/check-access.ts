// Role-based access control of a request or a connection: what its rules find, in force and in shadow.
import { withMetadata } from '../config/dynamic-metadata.ts';
import type { Access, AccessControl, DynamicMetadata, MetadataFields, Rbac } from '../config/engine-config.ts';
import type { DownstreamConnection } from '../http/downstream-stream.ts';
import type { Exchange } from '../http/exchange.ts';
import { requestHeaderValues } from '../http/request-header-values.ts';
import { pathOnly } from '../match/match-path.ts';
import type { RbacStatistics } from '../statistics/filter-statistics.ts';
import { subjectAltNames } from '../tls/verify-client.ts';

/** What RBAC found out of a request or a connection. */
export interface Verdict {
  /** `rbac_access_denied_matched_policy[…]`, which the access log shows; undefined: let in. */
  readonly denial: string | undefined;
  readonly metadata: DynamicMetadata | undefined;
}

/** `metadata`: what was written down before. The rules in shadow are judged first, as in Envoy. */
export function judge(
  rbac: Rbac,
  access: Access,
  metadata: DynamicMetadata | undefined,
  statistics: RbacStatistics,
): Verdict {
  const { namespace, rules, shadowRules } = rbac;
  let written = metadata;
  if (shadowRules !== undefined) {
    const prefix = `${rbac.shadowRulesPrefix}shadow_`;
    const found = evaluate(shadowRules, access);
    countShadow(statistics, rbac.shadowRulesPrefix, found);
    written = withMetadata(written, namespace, findingsOf(found, prefix));
  }
  if (rules === undefined) return { denial: undefined, metadata: written };
  const found = evaluate(rules, access);
  if (rules.action === 'log')
    written = withMetadata(written, 'envoy.common', { access_log_hint: found.policy !== undefined });
  if (rbac.rulesPrefix !== undefined)
    written = withMetadata(written, namespace, findingsOf(found, `${rbac.rulesPrefix}enforced_`));
  if (found.isAllowed) statistics.rbac.allowed++;
  else statistics.rbac.denied++;
  const denial = found.isAllowed ? undefined : `rbac_access_denied_matched_policy[${found.policy ?? 'none'}]`;
  return { denial, metadata: written };
}

/** Envoy puts a dot behind the prefix, which what is written down does not have. */
function countShadow({ shadowRbac }: RbacStatistics, prefix: string, { isAllowed }: Found): void {
  const name = `${prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`}shadow_${isAllowed ? 'allowed' : 'denied'}`;
  shadowRbac[name] = (shadowRbac[name] ?? 0) + 1;
}

interface Found {
  readonly isAllowed: boolean;
  readonly policy: string | undefined;
}

function evaluate({ action, policies }: AccessControl, access: Access): Found {
  const policy = policies.find(({ matches }) => matches(access))?.name;
  const isAllowed = action === 'log' || (policy !== undefined) === (action === 'allow');
  return { isAllowed, policy };
}

const findingsOf = ({ isAllowed, policy }: Found, prefix: string): MetadataFields => ({
  ...(policy !== undefined && { [`${prefix}effective_policy_id`]: policy }),
  [`${prefix}engine_result`]: isAllowed ? 'allowed' : 'denied',
});

/** `[::1]:80` → `::1` and 80. */
function split(address: string): { readonly ip: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { ip: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}

export function connectionAccess(connection: DownstreamConnection): Access {
  const local = split(connection.localAddress);
  return {
    headerValues: () => [],
    path: undefined,
    directRemoteIp: split(connection.directRemoteAddress).ip,
    remoteIp: connection.remoteIp,
    localIp: local.ip,
    localPort: local.port,
    serverName: connection.requestedServerName ?? '',
    principals: principalsOf(connection),
    metadata: undefined,
  };
}

/** Names of the client's certificate that was checked: URIs, else DNS names, else its subject. */
function principalsOf({ tls }: DownstreamConnection): readonly string[] {
  const peer = tls?.peer;
  if (peer === undefined) return [];
  const names = subjectAltNames(peer);
  const of = (type: string) => names.flatMap((name) => (name.type === type ? [name.value] : []));
  const [uris, dns] = [of('URI'), of('DNS')];
  return uris.length > 0 ? uris : dns.length > 0 ? dns : [peer.subject];
}

export function requestAccess(exchange: Exchange): Access {
  const { connection, info } = exchange;
  const remoteIp = info.clientAddress === undefined ? connection.remoteIp : split(info.clientAddress).ip;
  return {
    ...connectionAccess(connection),
    headerValues: (name) => requestHeaderValues(exchange, name),
    path: pathOnly(exchange.path),
    remoteIp,
    metadata: info.metadata,
  };
}
