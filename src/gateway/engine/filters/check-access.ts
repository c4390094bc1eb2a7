// Access control in front of everything else that is done with a request or a connection: the first filter that refuses decides.
import type { Access, AccessControl } from '../config/engine-config.ts';
import type { DownstreamConnection } from '../http/downstream-stream.ts';
import type { Exchange } from '../http/exchange.ts';
import { requestHeaderValues } from '../http/request-header-values.ts';
import { pathOnly } from '../match/match-path.ts';
import { subjectAltNames } from '../tls/verify-client.ts';

/** `rbac_access_denied_matched_policy[…]`, which the access log shows; undefined: let in. */
export function denialOf(controls: readonly AccessControl[], access: Access): string | undefined {
  for (const { action, policies } of controls) {
    const matched = policies.find(({ matches }) => matches(access));
    if ((matched !== undefined) === (action === 'allow')) continue;
    return `rbac_access_denied_matched_policy[${matched?.name ?? 'none'}]`;
  }
  return undefined;
}

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
  };
}
