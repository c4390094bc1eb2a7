// A port of the gateway → its listener: filter chains by SNI, and where it really binds.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { type Recalled, recall } from '../../lib/incremental/derive.ts';
import { TrafficDirection } from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import {
  type FilterChain,
  FilterChainSchema,
  type ListenerFilter,
  ListenerFilterSchema,
} from '../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import { ListenerSchema } from '../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { ProxyProtocolSchema } from '../../xds/generated/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.ts';
import { TlsInspectorSchema } from '../../xds/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import { createXdsResource, type ResourceReference, type XdsResource } from '../../xds/resource.ts';
import { listenerName, scopeHeader, scopesOfTable } from '../../xds/resource-names.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import type {
  Authorization,
  AuthorizationPolicy,
  FilterChainView,
  ListenerView,
  ProxyView,
  RouteTableKey,
} from '../model/proxy-view.ts';
import { seconds } from './config-source.ts';
import { compressors } from './filters/compressor.ts';
import { extAuthz, networkExtAuthz } from './filters/ext-authz.ts';
import { jwtAuthn } from './filters/jwt-authn.ts';
import { localRateLimits } from './filters/local-rate-limit.ts';
import { networkRbac, rbac } from './filters/rbac.ts';
import { listenerAccessLogs } from './translate-access-log.ts';
import { translateHttpConnectionManager } from './translate-http-connection-manager.ts';
import { targetName } from './translate-route.ts';
import { routeTableName, targetNames } from './translate-route-table.ts';
import { translateTcpProxy } from './translate-tcp-proxy.ts';
import { secretNames, translateTlsContext } from './translate-tls-context.ts';

type IsScoped = (table: RouteTableKey) => boolean;

/** Seconds for a TLS handshake. */
const handshakeTimeout = 15;

/** Of the port, or of all. */
function proxyProtocol(mesh: ProxyView['mesh'], { traffic }: ListenerView): readonly ListenerFilter[] {
  const mode = traffic?.proxyProtocol ?? (mesh.proxyProtocol ? 'REQUIRED' : 'OFF');
  return mode === 'OFF' ? [] : [proxyProtocolFilter(mode === 'OPTIONAL')];
}

function proxyProtocolFilter(allowRequestsWithoutProxyProtocol: boolean): ListenerFilter {
  return create(ListenerFilterSchema, {
    name: 'envoy.filters.listener.proxy_protocol',
    configType: {
      case: 'typedConfig',
      value: anyPack(ProxyProtocolSchema, create(ProxyProtocolSchema, { allowRequestsWithoutProxyProtocol })),
    },
  });
}

function tlsInspector(): ListenerFilter {
  return create(ListenerFilterSchema, {
    name: 'envoy.filters.listener.tls_inspector',
    configType: {
      case: 'typedConfig',
      value: anyPack(TlsInspectorSchema, create(TlsInspectorSchema, { initialReadBufferSize: 512 })),
    },
  });
}

function translateFilterChain(
  chain: FilterChainView,
  listener: string,
  { ports, traffic }: ListenerView,
  { mesh, authorization, accessLogs, requestAuthentications }: Settings,
  isTableScoped: IsScoped,
): FilterChain {
  const { serverNames, applicationProtocols = [], plaintextOnly, tls, network } = chain;
  const filters =
    network.kind === 'http'
      ? [
          translateHttpConnectionManager(listener, routeTableName(network.routes), mesh, accessLogs.logs, {
            isScoped: isTableScoped(network.routes),
            ...network,
            rateLimits: localRateLimits(traffic?.rateLimits ?? []),
            bodyBytes: traffic?.limits?.bodyBytes,
            compressors: traffic?.compression ? compressors(traffic.compression) : [],
            requestLimits: traffic?.limits,
            preserveHeaderCase: traffic?.preserveHeaderCase ?? mesh.proxy.headers.preserveHttp1HeaderCase,
            extAuthz: extAuthz(authorization, ports, isTableScoped(network.routes) ? [scopeHeader] : []),
            jwtAuthn: jwtAuthn(requestAuthentications.providers),
            rbac: rbac(authorization, ports),
            envoyDebugHeaders: mesh.proxy.headers.envoyDebugHeaders,
          }),
        ]
      : [
          ...networkExtAuthz(authorization, ports),
          ...networkRbac(authorization, ports),
          translateTcpProxy(network.targets, network.virtualService, accessLogs.logs),
        ];
  return create(FilterChainSchema, {
    filters,
    transportSocketConnectTimeout: seconds(handshakeTimeout),
    ...(serverNames.length === 0 && !plaintextOnly
      ? {}
      : {
          filterChainMatch: {
            serverNames: [...serverNames],
            applicationProtocols: [...applicationProtocols],
            transportProtocol: plaintextOnly ? 'raw_buffer' : '',
          },
        }),
    ...(tls === undefined ? {} : { transportSocket: translateTlsContext(tls, mesh.tlsDefaults) }),
  });
}

/** Whom its filters ask: Envoy refuses a listener whose gRPC service has no cluster. */
const askedClusters = ({ custom }: Authorization): readonly ResourceReference[] =>
  custom.flatMap(({ service }) =>
    service === undefined ? [] : [{ typeUrl: typeUrls.cluster, name: targetName(service.target) }],
  );

const policiesOf = ({ custom, audit, deny, allow }: Authorization): readonly AuthorizationPolicy[] => [
  ...custom.flatMap(({ policies }) => policies),
  ...audit,
  ...deny,
  ...allow,
];

/** Of scopes there are many: what they begin with stands for all of them. */
function tableReference(table: RouteTableKey, isTableScoped: IsScoped): ResourceReference {
  const name = routeTableName(table);
  return isTableScoped(table)
    ? { typeUrl: typeUrls.scopedRoute, name: scopesOfTable(name) }
    : { typeUrl: typeUrls.route, name };
}

/** Whether they are there or not. */
function referencesOf(
  listener: ListenerView,
  authorization: Authorization,
  isTableScoped: IsScoped,
): readonly ResourceReference[] {
  const references = listener.filterChains.flatMap(({ network, tls }): readonly ResourceReference[] => [
    ...askedClusters(authorization),
    ...(network.kind === 'http' ? [tableReference(network.routes, isTableScoped)] : []),
    ...(network.kind === 'tcp' && network.targets !== undefined
      ? targetNames(network.targets).map((name) => ({ typeUrl: typeUrls.cluster, name }))
      : []),
    ...(tls === undefined ? [] : secretNames(tls).map((name) => ({ typeUrl: typeUrls.secret, name }))),
  ]);
  const unique = new Map(references.map((reference) => [`${reference.typeUrl} ${reference.name}`, reference]));
  return [...unique.values()];
}

/** What all listeners of a proxy have in common. */
type Settings = Pick<ProxyView, 'mesh' | 'authorization' | 'accessLogs' | 'requestAuthentications'>;

/** A listener, and what it was made of. */
export interface TranslatedListener {
  readonly whole: Recalled<XdsResource>;
  readonly resource: Recalled<XdsResource>;
}

/** `exists` tells what is in the same set of resources, as far as `existing` stays the same: nothing else must be waited for. */
export function translateListener(
  previous: TranslatedListener | undefined,
  view: ListenerView,
  settings: Settings,
  isTableScoped: IsScoped,
  existing: unknown,
  exists: (reference: ResourceReference) => boolean,
): TranslatedListener {
  const { mesh, authorization, accessLogs, requestAuthentications } = settings;
  const scoped = view.filterChains.flatMap(({ network }) =>
    network.kind === 'http' && isTableScoped(network.routes) ? [routeTableName(network.routes)] : [],
  );
  const parts = [view, mesh, authorization, accessLogs, requestAuthentications, scoped.join()];
  const whole = recall(previous?.whole, parts, () => encodeListener(view, settings, isTableScoped));
  const resource = recall(previous?.resource, [whole.value, existing], () => ({
    ...whole.value,
    references: whole.value.references.filter(exists),
  }));
  return { whole, resource };
}

function encodeListener(view: ListenerView, settings: Settings, isTableScoped: IsScoped): XdsResource {
  const { mesh, authorization } = settings;
  const name = listenerName(view.bind, view.targetPort);
  const bufferBytes = mesh.proxy.connection.listenerBufferBytes;
  const inspects = view.filterChains.some(({ tls, serverNames }) => tls !== undefined || serverNames.length > 0);
  const message = create(ListenerSchema, {
    name,
    address: {
      address: {
        case: 'socketAddress',
        value: { address: view.address, portSpecifier: { case: 'portValue', value: view.boundPort } },
      },
    },
    filterChains: view.filterChains.map((chain) => translateFilterChain(chain, name, view, settings, isTableScoped)),
    // What a proxy put in front has to go before anything is told of the bytes behind it.
    listenerFilters: [...proxyProtocol(mesh, view), ...(inspects ? [tlsInspector()] : [])],
    accessLog: mesh.disableListenerLog ? [] : listenerAccessLogs(settings.accessLogs.logs),
    trafficDirection: TrafficDirection.OUTBOUND,
    maxConnectionsToAcceptPerSocketEvent: 1,
    ...(bufferBytes === undefined ? {} : { perConnectionBufferLimitBytes: bufferBytes }),
    // Unset is true in Envoy.
    ...(view.reusePort ? {} : { enableReusePort: false }),
  });
  return createXdsResource(typeUrls.listener, ListenerSchema, name, message, {
    references: referencesOf(view, authorization, isTableScoped),
    owners: [
      ...view.owners,
      ...settings.accessLogs.owners,
      ...settings.requestAuthentications.owners,
      ...(view.traffic?.owners ?? []),
      ...policiesOf(authorization).map(({ ref }) => ref),
    ],
  });
}
