// A port of the gateway → its filter chains, and the route tables behind them: made of the servers that share it.
import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import { type Recalled, recall } from '../../lib/incremental/derive.ts';
import { answerMisdirected } from './answer-misdirected.ts';
import { buildAutoPassthroughChains } from './build-auto-passthrough-chains.ts';
import { buildRouteTable, type Claiming, type RouteTable } from './build-route-table.ts';
import { buildTcpChain } from './build-tcp-chain.ts';
import { buildTlsChains, type NameOwner } from './build-tls-chains.ts';
import { serverNamesOf } from './host-names.ts';
import type { MergedListener, PlacedServer } from './merge-servers.ts';
import type { Model } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import type { ClusterView, FilterChainView, ListenerView, RouteTableKey, RouteTableView } from './proxy-view.ts';
import { type ClusterUse, useOf } from './serve-virtual-services.ts';

/** The table of some servers, before it is filled. */
interface PlannedTable {
  readonly key: RouteTableKey;
  readonly servers: readonly PlacedServer[];
}

interface Chains {
  readonly chains: readonly FilterChainView[];
  readonly tables: readonly PlannedTable[];
  /** Where connections lead. */
  readonly uses: readonly ClusterUse[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A listener, and what it was made of. */
export interface ListenerStage {
  readonly chains: Recalled<Chains>;
  readonly tables: ReadonlyMap<RouteTableKey, RouteTable>;
  readonly answered: Recalled<readonly RouteTableView[]>;
  readonly view: Recalled<ListenerView | undefined>;
}

interface Builder {
  readonly model: Model;
  readonly proxyClass: ProxyClass;
  readonly use: (cluster: ClusterView) => void;
  readonly tables: PlannedTable[];
  readonly diagnostics: Diagnostic[];
}

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

function httpNetwork(
  builder: Builder,
  listener: MergedListener,
  servers: readonly PlacedServer[],
): FilterChainView['network'] {
  const [first] = servers;
  if (first === undefined) throw new Error('a route table needs a server');
  const key = routeTableKey(listener, first);
  builder.tables.push({ key, servers });
  return { kind: 'http', routes: key, grpcWeb: servers.some(({ server }) => server.protocol === 'GRPC-WEB') };
}

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

const hasConnections = ({ servers }: MergedListener): boolean =>
  servers.some(({ server }) => server.kind !== 'http' && server.kind !== 'https');

function buildChains(model: Model, proxyClass: ProxyClass, listener: MergedListener): Chains {
  const uses: ClusterUse[] = [];
  const use = (cluster: ClusterView): void => void uses.push(useOf(cluster));
  const builder: Builder = { model, proxyClass, use, tables: [], diagnostics: [] };
  const chains = listener.servers.some(({ server }) => server.kind === 'tcp')
    ? listener.servers.flatMap((placed) => connectionChains(builder, placed, new Map()))
    : sharedChains(builder, listener);
  return { chains, tables: builder.tables, uses, diagnostics: builder.diagnostics };
}

/** Of the same server or servers as before the same object, so that it is known again. */
function keepKeys(chains: Chains, previous: ListenerStage | undefined): Chains {
  const known = new Map([...(previous?.tables.keys() ?? [])].map((key) => [JSON.stringify(key), key]));
  const keyOf = (key: RouteTableKey): RouteTableKey => known.get(JSON.stringify(key)) ?? key;
  return {
    ...chains,
    tables: chains.tables.map((table) => ({ ...table, key: keyOf(table.key) })),
    chains: chains.chains.map((chain) =>
      chain.network.kind === 'tcp'
        ? chain
        : { ...chain, network: { ...chain.network, routes: keyOf(chain.network.routes) } },
    ),
  };
}

function viewOf(
  listener: MergedListener,
  chains: readonly FilterChainView[],
  reusePort: boolean,
): ListenerView | undefined {
  if (chains.length === 0) return undefined;
  return {
    bind: listener.bind,
    targetPort: listener.targetPort,
    address: listener.binding.address,
    boundPort: listener.binding.port,
    reusePort,
    filterChains: chains,
    ports: new Set([listener.targetPort, ...listener.servers.map(({ server }) => server.port)]),
    owners: ownersOf(listener.servers),
  };
}

export function buildListenerView(
  previous: ListenerStage | undefined,
  proxyClass: ProxyClass,
  listener: MergedListener,
  claiming: Claiming,
): ListenerStage {
  const { model } = claiming;
  const backends = [
    model.virtualServices.connectionsByGateway,
    model.serviceShapes,
    model.destinationRules,
    model.mesh,
  ];
  const chains = recall(previous?.chains, [listener, ...(hasConnections(listener) ? backends : [])], () =>
    keepKeys(buildChains(model, proxyClass, listener), previous),
  );
  const tables = new Map(
    chains.value.tables.map(({ key, servers }) => [
      key,
      buildRouteTable(previous?.tables.get(key), key, servers, claiming),
    ]),
  );
  const filled = [...tables.values()].map(({ view }) => view);
  const answered = recall(previous?.answered, [chains.value, model.likeIstio, ...filled], () =>
    model.likeIstio.has('misdirected-request') ? filled : answerMisdirected(chains.value.chains, filled),
  );
  const view = recall(previous?.view, [listener, chains.value], () =>
    viewOf(listener, chains.value.chains, proxyClass.localNode === undefined),
  );
  return { chains, tables, answered, view };
}
