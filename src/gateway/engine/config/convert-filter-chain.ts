// One filter chain of a listener: which connections it takes, how it ends TLS, and the network filter that serves them.
import type {
  Filter,
  FilterChain,
  FilterChainMatch,
} from '../../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import { ExtAuthzSchema } from '../../../xds/generated/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.ts';
import { HttpConnectionManagerSchema } from '../../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { RBACSchema } from '../../../xds/generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts';
import { TcpProxySchema } from '../../../xds/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import type { ChainContext } from './chain-context.ts';
import { convertDownstreamTls } from './convert-downstream-tls.ts';
import { convertNetworkExtAuthz } from './convert-ext-authz.ts';
import { convertHttpConnectionManager } from './convert-http-connection-manager.ts';
import { convertRbac, rbacFields } from './convert-rbac.ts';
import { convertTcpProxy } from './convert-tcp-proxy.ts';
import { durationMs } from './duration-ms.ts';
import type { FilterChainConfig, TcpGuard } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { extensionType, notRegistered, unpackAny } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const chainFields = new Set([
  ...['filterChainMatch', 'filters', 'metadata', 'transportSocket', 'transportSocketConnectTimeout', 'name'],
]);
/** Filters that only count what passes: it passes without them too. */
const transparentFilters: ReadonlySet<string> = new Set([
  'envoy.extensions.filters.network.mongo_proxy.v3.MongoProxy',
  'envoy.extensions.filters.network.mysql_proxy.v3.MySQLProxy',
]);
const matchFields = new Set(['serverNames', 'transportProtocol', 'applicationProtocols']);

/** Undefined together with an error, or with a warning for a chain that the engine cannot tell when to use. */
export function convertFilterChain(
  chain: FilterChain,
  context: ChainContext,
  findings: Findings,
): FilterChainConfig | undefined {
  warnUnhandledFields(chain, chainFields, findings);
  const unsupported = 'the filter chain takes no connection';
  if (chain.filterChainMatch && warnUnhandledFields(chain.filterChainMatch, matchFields, findings, unsupported))
    return undefined;
  const match = convertMatch(chain.filterChainMatch, context.where, findings);
  const network = convertNetworkFilters(chain, context, findings);
  if (network === undefined) return undefined;
  return {
    name: chain.name,
    match,
    tls: convertDownstreamTls(chain.transportSocket, context, findings),
    transportSocketConnectTimeoutMs: durationMs(chain.transportSocketConnectTimeout, 0),
    network,
  };
}

function convertMatch(
  match: FilterChainMatch | undefined,
  where: string,
  findings: Findings,
): FilterChainConfig['match'] {
  const serverNames = (match?.serverNames ?? []).map((name) => name.toLowerCase());
  if (serverNames.some((name) => name.replace(/^\*\./, '').includes('*')))
    findings.reject(`${where}partial wildcards are not supported in "server_names"`);
  const transportProtocol = match?.transportProtocol ?? '';
  if (transportProtocol !== '' && transportProtocol !== 'tls' && transportProtocol !== 'raw_buffer') {
    findings.reject(`${where}the embedded engine knows no transport protocol '${transportProtocol}'`);
    return { serverNames, transportProtocol: '', applicationProtocols: [] };
  }
  return { serverNames, transportProtocol, applicationProtocols: match?.applicationProtocols ?? [] };
}

function convertNetworkFilters(
  chain: FilterChain,
  context: ChainContext,
  findings: Findings,
): FilterChainConfig['network'] | undefined {
  const others = chain.filters.filter(
    ({ configType }) => configType.case !== 'typedConfig' || !transparentFilters.has(extensionType(configType.value)),
  );
  const guards: TcpGuard[] = [];
  const [filter, ...more] = others.filter((candidate) => {
    const found = convertNetworkGuard(candidate, findings);
    guards.push(...(found ?? []));
    return found === undefined;
  });
  if (filter === undefined) {
    findings.reject('the embedded engine needs a network filter in every filter chain');
    return undefined;
  }
  const any = filter.configType.case === 'typedConfig' ? filter.configType.value : undefined;
  const inside = findings.within('FilterChain', `Filters[${chain.filters.indexOf(filter)}]`);
  const manager = unpackAny(any, HttpConnectionManagerSchema, inside);
  const proxy = manager ? undefined : unpackAny(any, TcpProxySchema, inside);
  if (!manager && !proxy) {
    // A filter that is passed over could be the one that decides who gets in.
    if (findings.errors.length === 0) findings.reject(notRegistered(filter.name, any));
    return undefined;
  }
  if (more.length > 0) {
    const type = manager ? 'envoy.filters.network.http_connection_manager' : 'envoy.filters.network.tcp_proxy';
    findings.reject(
      `Error: terminal filter named ${filter.name} of type ${type} must be the last filter in a network filter chain.`,
    );
  }
  const guarded = guards.length === 0 ? {} : { guards };
  if (!manager) return proxy && { ...convertTcpProxy(proxy, inside), ...guarded };
  // Nothing here judges connections before their requests.
  if (guards.length > 0)
    findings.reject(
      'network RBAC and ext_authz in front of HTTP are not supported by the embedded engine, which serves nothing unguarded',
    );
  return convertHttpConnectionManager(manager, context, inside);
}

const handledRbacFields = new Set([...rbacFields, 'statPrefix']);

/** Undefined: it is another filter. */
function convertNetworkGuard({ configType }: Filter, findings: Findings): readonly TcpGuard[] | undefined {
  const any = configType.case === 'typedConfig' ? configType.value : undefined;
  const rbac = unpackAny(any, RBACSchema, findings);
  if (rbac !== undefined) {
    warnUnhandledFields(rbac, handledRbacFields, findings);
    return [convertRbac(rbac, 'envoy.filters.network.rbac', findings)];
  }
  const extAuthz = unpackAny(any, ExtAuthzSchema, findings);
  if (extAuthz === undefined) return undefined;
  const guard = convertNetworkExtAuthz(extAuthz, findings);
  return guard === undefined ? [] : [guard];
}

/** Envoy refuses a listener in which a connection could belong to two chains. */
export function rejectOverlappingChains(chains: readonly FilterChainConfig[], where: string, findings: Findings): void {
  const seen = new Map<string, FilterChainConfig>();
  for (const chain of chains) {
    const { serverNames, transportProtocol, applicationProtocols } = chain.match;
    for (const name of serverNames.length === 0 ? [''] : serverNames) {
      for (const protocol of applicationProtocols.length === 0 ? [''] : applicationProtocols) {
        const key = JSON.stringify([name, transportProtocol, protocol]);
        const other = seen.get(key);
        if (other === undefined) {
          seen.set(key, chain);
          continue;
        }
        const same = JSON.stringify(other.match) === JSON.stringify(chain.match);
        findings.reject(
          same
            ? `${where}filter chain '${chain.name}' has the same matching rules defined as '${other.name}'. duplicate matcher is: ${describeMatch(chain)}`
            : `${where}multiple filter chains with overlapping matching rules are defined`,
        );
        return;
      }
    }
  }
}

/** As protobuf prints it: only what is set. */
function describeMatch({ match }: FilterChainConfig): string {
  return JSON.stringify({
    ...(match.serverNames.length > 0 && { server_names: match.serverNames }),
    ...(match.transportProtocol !== '' && { transport_protocol: match.transportProtocol }),
    ...(match.applicationProtocols.length > 0 && { application_protocols: match.applicationProtocols }),
  });
}
