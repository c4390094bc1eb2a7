// Listener → ListenerConfig, together with what it names and what it carries inline.
import { isIP } from 'node:net';
import type { Address } from '../../../xds/generated/envoy/config/core/v3/address_pb.ts';
import type { ListenerFilter } from '../../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import type { Listener } from '../../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { ProxyProtocolSchema } from '../../../xds/generated/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.ts';
import { TlsInspectorSchema } from '../../../xds/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import type { ListenerNeeds } from './chain-context.ts';
import { convertAccessLogs } from './convert-access-log.ts';
import { convertFilterChain, rejectOverlappingChains } from './convert-filter-chain.ts';
import { durationMs } from './duration-ms.ts';
import type { FilterChainConfig, ListenerConfig } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { notRegistered, unpackAny } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

export interface ConvertedListener {
  readonly config: ListenerConfig;
  readonly needs: ListenerNeeds;
}

const listenerFields = new Set([
  ...['name', 'address', 'filterChains', 'defaultFilterChain', 'perConnectionBufferLimitBytes', 'listenerFilters'],
  ...['listenerFiltersTimeout', 'accessLog', 'bindToPort'],
  // Statistics, and how the kernel hands out connections: one answer, whatever they say.
  ...['statPrefix', 'metadata', 'trafficDirection', 'reusePort', 'enableReusePort', 'connectionBalanceConfig'],
  ...['tcpBacklogSize', 'maxConnectionsToAcceptPerSocketEvent', 'ignoreGlobalConnLimit', 'bypassOverloadManager'],
  'drainType',
]);

const oneMebibyte = 1_048_576;
const fifteenSeconds = 15_000;

/** Undefined only together with an error; of use only if there is none. */
export function convertListener(
  listener: Listener,
  version: string,
  findings: Findings,
): ConvertedListener | undefined {
  const { name } = listener;
  const address = convertAddress(listener.address, name, findings);
  if (address === undefined) return undefined;
  warnUnhandledFields(listener, listenerFields, findings);
  if (listener.bindToPort === false)
    findings.warn('bind_to_port: false is not supported by the embedded engine: it binds');
  const needs: ListenerNeeds = {
    routes: new Set(),
    scopes: new Set(),
    secrets: new Set(),
    fileSecrets: new Set(),
    inlineRoutes: new Map(),
    inlineSecrets: new Map(),
  };
  const where = `error adding listener '${address.text}': `;
  if (listener.filterChains.length === 0 && listener.defaultFilterChain === undefined)
    findings.reject(`${where}no filter chains specified`);
  const context = { listener: name, version, where, needs };
  const filterChains: FilterChainConfig[] = listener.filterChains.flatMap(
    (chain, index) =>
      convertFilterChain(
        chain,
        { ...context, chain: `${index}` },
        findings.within('Listener', `FilterChains[${index}]`),
      ) ?? [],
  );
  rejectOverlappingChains(filterChains, where, findings);
  const fallback = listener.defaultFilterChain;
  const config: ListenerConfig = {
    name,
    version,
    address: address.host,
    port: address.port,
    ...convertListenerFilters(listener.listenerFilters, findings),
    perConnectionBufferLimitBytes: listener.perConnectionBufferLimitBytes ?? oneMebibyte,
    filterChains,
    defaultFilterChain:
      fallback &&
      convertFilterChain(fallback, { ...context, chain: 'default' }, findings.within('Listener', 'DefaultFilterChain')),
    accessLogs: convertAccessLogs(listener.accessLog, 'Listener', findings),
    listenerFiltersTimeoutMs: durationMs(listener.listenerFiltersTimeout, fifteenSeconds),
  };
  return { config, needs };
}

interface ListenerAddress {
  readonly host: string;
  readonly port: number;
  readonly text: string;
}

function convertAddress(
  address: Address | undefined,
  listener: string,
  findings: Findings,
): ListenerAddress | undefined {
  const socket = address?.address;
  if (socket?.case === undefined) {
    findings.reject(`error adding listener named '${listener}': address is necessary`);
    return undefined;
  }
  if (socket.case !== 'socketAddress') {
    findings.reject(`error adding listener named '${listener}': the embedded engine listens on IP addresses only`);
    return undefined;
  }
  const { address: host, portSpecifier } = socket.value;
  if (portSpecifier.case !== 'portValue' || portSpecifier.value > 65_535) {
    findings.within('Listener', 'Address').required('SocketAddress', 'port_specifier');
    return undefined;
  }
  const family = isIP(host);
  if (family === 0) {
    findings.reject(`malformed IP address: ${host}`);
    return undefined;
  }
  const port = portSpecifier.value;
  return { host, port, text: family === 6 ? `[${host}]:${port}` : `${host}:${port}` };
}

/** Any other filter could change the bytes of a connection: it cannot be passed over. */
function convertListenerFilters(
  filters: readonly ListenerFilter[],
  findings: Findings,
): Pick<ListenerConfig, 'tlsInspector' | 'proxyProtocol'> {
  let tlsInspector = false;
  let proxyProtocol: ListenerConfig['proxyProtocol'];
  for (const filter of filters) {
    const any = filter.configType.case === 'typedConfig' ? filter.configType.value : undefined;
    const proxy = unpackAny(any, ProxyProtocolSchema, findings);
    if (proxy) {
      warnUnhandledFields(proxy, new Set(['statPrefix', 'allowRequestsWithoutProxyProtocol']), findings);
      proxyProtocol = proxy.allowRequestsWithoutProxyProtocol ? 'optional' : 'required';
    } else if (unpackAny(any, TlsInspectorSchema, findings)) tlsInspector = true;
    else findings.reject(notRegistered(filter.name, any));
  }
  return { tlsInspector, ...(proxyProtocol && { proxyProtocol }) };
}
