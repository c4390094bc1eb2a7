// What Envoy asks of a listener beyond the rules in its protos, as far as patches can break it.
import { toJson } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { SocketAddress_Protocol } from '../../xds/generated/envoy/config/core/v3/address_pb.ts';
import {
  type FilterChain,
  type FilterChainMatch,
  FilterChainMatchSchema,
} from '../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import { type Listener, ListenerSchema } from '../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { HttpConnectionManagerSchema } from '../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { checkConstraints, type Violation } from './check-constraints.ts';
import { checkDomains } from './check-route-table.ts';
import { type Configured, typeOf } from './extension-type.ts';

export function checkListener(listener: Listener): readonly Violation[] {
  const hasChain = listener.filterChains.length > 0 || listener.defaultFilterChain !== undefined;
  return [
    ...checkConstraints(ListenerSchema, listener),
    ...checkAddress(listener),
    ...(!hasChain && !isDatagram(listener) ? ['filter_chains: the listener has none'] : []),
    ...checkChainMatches(listener.filterChains),
    ...listener.listenerFilters.flatMap((filter, i) => checkConfig(filter, `listener_filters[${i}]`)),
    ...listener.filterChains.flatMap((chain, i) => checkChain(chain, `filter_chains[${i}]`)),
    ...(listener.defaultFilterChain ? checkChain(listener.defaultFilterChain, 'default_filter_chain') : []),
  ];
}

function isDatagram({ address }: Listener): boolean {
  return address?.address.case === 'socketAddress' && address.address.value.protocol === SocketAddress_Protocol.UDP;
}

const checkAddress = ({ address, listenerSpecifier }: Listener): readonly Violation[] =>
  address === undefined && listenerSpecifier.case === undefined ? ['address: value is required'] : [];

/** One for each combination that a connection could come with: no two chains may have the same. */
function matchKeys(match: FilterChainMatch): readonly string[] {
  const { serverNames, applicationProtocols } = match;
  const others = JSON.stringify(
    toJson(FilterChainMatchSchema, { ...match, serverNames: [], applicationProtocols: [] } as FilterChainMatch),
  );
  const names = serverNames.length === 0 ? [''] : serverNames;
  const protocols = applicationProtocols.length === 0 ? [''] : applicationProtocols;
  return names.flatMap((name) => protocols.map((protocol) => `${name} ${protocol} ${others}`));
}

function checkChainMatches(chains: readonly FilterChain[]): readonly Violation[] {
  const seen = new Set<string>();
  for (const [i, { filterChainMatch }] of chains.entries())
    for (const key of filterChainMatch ? matchKeys(filterChainMatch) : ['  {}']) {
      if (seen.has(key)) return [`filter_chains[${i}].filter_chain_match: an earlier chain has the same`];
      seen.add(key);
    }
  return [];
}

const manager = HttpConnectionManagerSchema.typeName;
const networkFilters = 'envoy.extensions.filters.network.';
const terminalNetworkFilters: ReadonlySet<string> = new Set([
  manager,
  ...['tcp_proxy.v3.TcpProxy', 'redis_proxy.v3.RedisProxy', 'thrift_proxy.v3.ThriftProxy'].map(
    (n) => networkFilters + n,
  ),
  ...['echo.v3.Echo', 'direct_response.v3.Config', 'generic_proxy.v3.GenericProxy'].map((n) => networkFilters + n),
  ...['dubbo_proxy.v3.DubboProxy'].map((n) => networkFilters + n),
]);
const httpFilters = 'envoy.extensions.filters.http.';
const terminalHttpFilters: ReadonlySet<string> = new Set([
  `${httpFilters}router.v3.Router`,
  `${httpFilters}aws_lambda.v3.Config`,
]);

function checkChain({ filters }: FilterChain, path: string): readonly Violation[] {
  // Envoy takes it, and closes every connection.
  if (filters.length === 0) return [`${path}.filters: the chain has none`];
  return [
    ...filters.flatMap((filter, i) => checkConfig(filter, `${path}.filters[${i}]`)),
    ...checkOrder(filters, terminalNetworkFilters, `${path}.filters`, 'network filter'),
    ...filters.flatMap((filter, i) => checkManager(filter, `${path}.filters[${i}]`)),
  ];
}

function checkManager({ configType }: Configured, path: string): readonly Violation[] {
  const config =
    configType.case === 'typedConfig' ? anyUnpack(configType.value as never, HttpConnectionManagerSchema) : undefined;
  if (config === undefined) return [];
  const filters = config.httpFilters;
  return [
    ...(filters.length === 0 ? [`${path}.http_filters: the last one has to be the router`] : []),
    ...filters.flatMap((filter, i) => (filter.isOptional ? [] : checkConfig(filter, `${path}.http_filters[${i}]`))),
    ...checkOrder(filters, terminalHttpFilters, `${path}.http_filters`, 'HTTP filter'),
    ...(config.routeSpecifier.case === 'routeConfig' ? checkDomains(config.routeSpecifier.value.virtualHosts) : []),
  ];
}

/** The last one ends the chain, and no other does. */
function checkOrder(
  filters: readonly Configured[],
  terminal: ReadonlySet<string>,
  path: string,
  kind: string,
): readonly Violation[] {
  return filters.flatMap((filter, i) => {
    const type = typeOf(filter);
    if (type === undefined) return [];
    const isLast = i === filters.length - 1;
    if (isLast === terminal.has(type)) return [];
    return [
      isLast
        ? `${path}[${i}]: ${kind} ${filter.name} cannot be the last one, since it does not end the chain`
        : `${path}[${i}]: ${kind} ${filter.name} ends the chain, and is not the last one`,
    ];
  });
}

function checkConfig({ name, configType }: Configured, path: string): readonly Violation[] {
  if (configType.case === 'typedConfig') return [];
  return [
    configType.case === undefined
      ? `${path}: filter ${name} has no typed_config`
      : `${path}: filter ${name} waits for a configuration that no EXTENSION_CONFIG gives`,
  ];
}
