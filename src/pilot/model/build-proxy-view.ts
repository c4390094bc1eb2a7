// Model and class of proxy → what exactly such a proxy serves. Equal classes of one model share one view.

import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import { answerMisdirected } from './answer-misdirected.ts';
import { applyTrafficPolicies } from './apply-traffic-policies.ts';
import { buildAuthorization, uncheckedConnections } from './build-authorization.ts';
import { buildAutoPassthroughChains } from './build-auto-passthrough-chains.ts';
import { buildRouteTable } from './build-route-table.ts';
import type { RouteContext } from './build-routes.ts';
import { buildTcpChain } from './build-tcp-chain.ts';
import { buildTlsChains, type NameOwner } from './build-tls-chains.ts';
import { checkConnectionLimit } from './check-connection-limit.ts';
import { checkLocality } from './check-locality.ts';
import { serverNamesOf } from './host-names.ts';
import { proxyPlace } from './locality.ts';
import { type MergedListener, mergeServers, type PlacedServer } from './merge-servers.ts';
import type { Model } from './model.ts';
import type { PortRow } from './port-row.ts';
import { type ProxyClass, proxyClassKey } from './proxy-class.ts';
import type {
  ClusterView,
  FilterChainView,
  ListenerView,
  ProxyView,
  RouteTableKey,
  RouteTableView,
} from './proxy-view.ts';
import { mergeDiagnostics } from './report.ts';
import { selectAccessLogs } from './select-access-logs.ts';
import { selectEnvoyFilters } from './select-envoy-filters.ts';
import { selectRequestAuthentications } from './select-request-authentications.ts';
import { selectSecrets } from './select-secrets.ts';

const ownersOf = (servers: readonly PlacedServer[]): readonly ResourceRef[] => [
  ...new Map(servers.map(({ gateway }) => [gateway.key, gateway.ref])).values(),
];

function routeTableKey(listener: MergedListener, { gateway, server }: PlacedServer): RouteTableKey {
  const { bind } = server;
  if (server.kind !== 'https') return { kind: 'http', targetPort: listener.targetPort, bind };
  return {
    kind: 'https',
    port: server.port,
    portName: server.portName,
    gateway: gateway.name,
    namespace: gateway.namespace,
    bind,
  };
}

interface Builder {
  readonly model: Model;
  readonly proxyClass: ProxyClass;
  readonly use: RouteContext['use'];
  readonly routeTables: RouteTableView[];
  readonly diagnostics: Diagnostic[];
}

function addRouteTable(builder: Builder, listener: MergedListener, servers: readonly PlacedServer[]): RouteTableKey {
  const [first] = servers;
  if (first === undefined) throw new Error('a route table needs a server');
  const key = routeTableKey(listener, first);
  builder.routeTables.push(buildRouteTable(builder.model, builder.proxyClass, key, servers, builder.use));
  return key;
}

const httpNetwork = (
  builder: Builder,
  listener: MergedListener,
  servers: readonly PlacedServer[],
): FilterChainView['network'] => ({
  kind: 'http',
  routes: addRouteTable(builder, listener, servers),
  grpcWeb: servers.some(({ server }) => server.protocol === 'GRPC-WEB'),
});

const isHttp = ({ kind }: PlacedServer['server']): boolean => kind === 'http' || kind === 'https';
const hostsOf = ({ server }: PlacedServer): readonly string[] => server.hosts.map(({ host }) => host);

/** Plaintext HTTP first, then TLS, each server's chains in turn. */
function sharedChains(builder: Builder, listener: MergedListener): readonly FilterChainView[] {
  const plain = listener.servers.filter(({ server }) => server.kind === 'http');
  const tls = listener.servers.filter(({ server }) => server.kind !== 'http');
  // Servers have their hosts before any tls rule does: Envoy refuses a listener where a name leads to two chains.
  const taken = new Map<string, NameOwner>(
    tls
      .filter(({ server }) => server.kind !== 'passthrough' && server.kind !== 'auto-passthrough')
      .flatMap((placed) =>
        hostsOf(placed).map((host) => [host, { ref: placed.gateway.ref, match: undefined }] as const),
      ),
  );
  const chains = tls.flatMap((placed) => tlsChains(builder, listener, placed, taken));
  if (plain.length === 0) return chains;
  const plaintext: FilterChainView = {
    serverNames: [],
    plaintextOnly: tls.length > 0,
    tls: undefined,
    network: httpNetwork(builder, listener, plain),
  };
  return [plaintext, ...chains];
}

function tlsChains(
  builder: Builder,
  listener: MergedListener,
  placed: PlacedServer,
  taken: Map<string, NameOwner>,
): readonly FilterChainView[] {
  if (placed.server.kind !== 'https') return connectionChains(builder, placed, taken);
  return [
    {
      serverNames: serverNamesOf(hostsOf(placed)),
      plaintextOnly: false,
      tls: placed.server.tls,
      network: httpNetwork(builder, listener, [placed]),
    },
  ];
}

function connectionChains(
  builder: Builder,
  placed: PlacedServer,
  taken: Map<string, NameOwner>,
): readonly FilterChainView[] {
  const { model, proxyClass, use } = builder;
  if (placed.server.kind === 'auto-passthrough')
    return buildAutoPassthroughChains(model, placed, proxyClass, taken, use);
  const context = {
    model,
    proxyNamespace: proxyClass.namespace,
    proxyLabels: proxyClass.labels,
    gateway: placed.gateway.key,
    port: placed.server.port,
    isTls: false,
    use,
  };
  const built =
    placed.server.kind === 'passthrough' ? buildTlsChains(context, placed, taken) : buildTcpChain(context, placed);
  builder.diagnostics.push(...built.diagnostics);
  return built.chains;
}

function chainsOf(builder: Builder, listener: MergedListener): readonly FilterChainView[] {
  return listener.servers.some(({ server }) => server.kind === 'tcp')
    ? listener.servers.flatMap((placed) => connectionChains(builder, placed, new Map()))
    : sharedChains(builder, listener);
}

function buildListener(builder: Builder, listener: MergedListener): ListenerView | undefined {
  const routeTables: RouteTableView[] = [];
  const filterChains = chainsOf({ ...builder, routeTables }, listener);
  builder.routeTables.push(
    ...(builder.model.likeIstio.has('misdirected-request')
      ? routeTables
      : answerMisdirected(filterChains, routeTables)),
  );
  if (filterChains.length === 0) return undefined;
  return {
    bind: listener.bind,
    targetPort: listener.targetPort,
    address: listener.binding.address,
    boundPort: listener.binding.port,
    reusePort: builder.proxyClass.localNode === undefined,
    filterChains,
    ports: new Set([listener.targetPort, ...listener.servers.map(({ server }) => server.port)]),
    owners: ownersOf(listener.servers),
  };
}

function portRows(listener: MergedListener, served: boolean): readonly PortRow[] {
  const rows = new Map<number, PortRow>();
  for (const { gateway, server, resolved } of listener.servers) {
    const row = rows.get(server.port);
    if (row !== undefined) {
      const known = row.owners.includes(gateway.ref);
      if (!known) rows.set(server.port, { ...row, owners: [...row.owners, gateway.ref] });
      continue;
    }
    rows.set(server.port, {
      bind: listener.bind,
      gatewayPort: server.port,
      protocol: server.protocol,
      service: resolved.service?.ref,
      servicePort: resolved.servicePort?.port,
      targetPort: listener.targetPort,
      nodePort: resolved.servicePort?.nodePort,
      bound: listener.binding,
      served,
      owners: [gateway.ref],
    });
  }
  return [...rows.values()];
}

function build(model: Model, proxyClass: ProxyClass): ProxyView {
  const clusters = new Map<string, ClusterView>();
  const use = (cluster: ClusterView): void => {
    const { service, port, subset, sniDnat } = cluster;
    clusters.set(`${service.host} ${port.port} ${subset?.name ?? ''} ${sniDnat === true}`, cluster);
  };
  const builder: Builder = { model, proxyClass, use, routeTables: [], diagnostics: [] };
  const merged = mergeServers(model, proxyClass);
  const built = merged.listeners.map((listener) => ({ listener, view: buildListener(builder, listener) }));
  const authorized = buildAuthorization(model, proxyClass);
  for (const cluster of authorized.clusters) use(cluster);
  const { authorization } = authorized;
  const tcpPorts = built.flatMap(({ listener, view }) =>
    view === undefined ? [] : listener.servers.flatMap(({ server }) => (isHttp(server) ? [] : [server.port])),
  );
  const secrets = selectSecrets(
    model,
    proxyClass,
    merged.listeners.flatMap(({ servers }) => servers),
    [...clusters.values()],
  );
  const accessLogs = selectAccessLogs(model.telemetries, model.mesh, proxyClass);
  const requestAuthentications = selectRequestAuthentications(
    model.requestAuthentications,
    model.fetchedKeys,
    model.mesh,
    proxyClass,
  );
  const traffic = applyTrafficPolicies(
    model.trafficPolicies,
    model.mesh,
    proxyClass,
    built.flatMap(({ view }) => (view === undefined ? [] : [view])),
    builder.routeTables,
  );
  const envoyFilters = selectEnvoyFilters(model.envoyFilters, model.mesh, proxyClass);
  const place = proxyPlace(model.nodes, proxyClass);
  return {
    place,
    mesh: model.mesh,
    accessLogs,
    envoyPatches: envoyFilters.patches,
    requestAuthentications,
    authorization,
    preserveHeaderCase:
      model.mesh.proxy.headers.preserveHttp1HeaderCase ||
      traffic.listeners.some((listener) => listener.traffic?.preserveHeaderCase === true),
    listeners: traffic.listeners,
    routeTables: traffic.routeTables,
    clusters: [...clusters.values()],
    secrets: secrets.secrets,
    ports: built
      .flatMap(({ listener, view }) => portRows(listener, view !== undefined))
      .sort((a, b) => a.gatewayPort - b.gatewayPort || (a.bind < b.bind ? -1 : 1)),
    diagnostics: mergeDiagnostics(
      merged.diagnostics,
      builder.diagnostics,
      secrets.diagnostics,
      accessLogs.diagnostics,
      checkConnectionLimit(model, proxyClass),
      requestAuthentications.diagnostics,
      envoyFilters.diagnostics,
      authorized.diagnostics,
      traffic.diagnostics,
      checkLocality([...clusters.values()], proxyClass, place),
      uncheckedConnections(model, authorization, tcpPorts),
    ),
  };
}

/** Remembers by the identity of the model, which never changes: forgotten with it. */
const views = new WeakMap<Model, Map<string, ProxyView>>();

export function buildProxyView(model: Model, proxyClass: ProxyClass): ProxyView {
  const known = views.get(model) ?? new Map<string, ProxyView>();
  views.set(model, known);
  const key = proxyClassKey(proxyClass);
  const view = known.get(key) ?? build(model, proxyClass);
  known.set(key, view);
  return view;
}
