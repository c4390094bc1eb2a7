// All servers of all Gateways that select a proxy → the listeners they share, and who had to give way.
import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import { formatResourceRef } from '../../lib/diagnostic.ts';
import type { Model, ModelGateway, ModelServer, ModelService } from './model.ts';
import type { BoundFrom } from './port-row.ts';
import { type ProxyClass, selectorMatches } from './proxy-class.ts';
import { report } from './report.ts';
import { type ResolvedPort, resolvePort } from './resolve-port.ts';

/** A server and the Gateway it is of. */
export interface PlacedServer {
  readonly gateway: ModelGateway;
  /** Its hosts are those it really gets. */
  readonly server: ModelServer;
  readonly resolved: ResolvedPort;
}

export interface Binding {
  readonly address: string;
  readonly port: number;
  readonly from: BoundFrom;
}

export interface MergedListener {
  readonly bind: string;
  readonly targetPort: number;
  readonly binding: Binding;
  readonly servers: readonly PlacedServer[];
}

interface OpenListener extends MergedListener {
  readonly servers: PlacedServer[];
  /** Hosts of its TLS servers → who has them. */
  readonly tlsHosts: Map<string, ResourceRef>;
}

export interface MergeResult {
  readonly listeners: readonly MergedListener[];
  readonly diagnostics: readonly Diagnostic[];
}

const wildcardAddress = '0.0.0.0';

/** On one machine: port map, else node port, else target port. In a cluster the target port: node ports are kube-proxy's. */
function bindingOf(server: ModelServer, resolved: ResolvedPort, proxyClass: ProxyClass): Binding {
  const { localNode } = proxyClass;
  const bind = server.bind ?? wildcardAddress;
  if (localNode === undefined) return { address: bind, port: resolved.targetPort, from: 'target-port' };
  const address = server.bind ?? localNode.bind;
  const mapped = localNode.portMap[server.port];
  if (mapped !== undefined) return { address, port: mapped, from: 'port-map' };
  const nodePort = resolved.servicePort?.nodePort;
  if (nodePort !== undefined) return { address, port: nodePort, from: 'node-port' };
  return { address, port: resolved.targetPort, from: 'target-port' };
}

const describe = ({ gateway, server }: PlacedServer): string =>
  `port ${server.port} (${server.protocol}) of ${formatResourceRef(gateway.ref)}`;

function conflict(placed: PlacedServer, message: string, remedy: string, field: string): Diagnostic {
  const path = [...placed.server.path, ...field.split('.')];
  return report(placed.gateway.resource, { severity: 'error', code: 'TG0011', path, message, remedy });
}

const isTls = ({ kind }: ModelServer): boolean => kind !== 'http' && kind !== 'tcp';

/** Why a server cannot join a listener; undefined if it can. The rule is Istio's: HTTP joins HTTP and TLS, TLS joins TLS. */
function incompatible(listener: OpenListener, placed: PlacedServer): string | undefined {
  const [first] = listener.servers;
  if (first === undefined) return undefined;
  const owner = describe(first);
  const { server, gateway } = placed;
  if (first.server.kind === 'tcp' || server.kind === 'tcp') return `TCP shares no port, and ${owner} came first`;
  if (isTls(server)) {
    const plain = listener.servers.find((other) => other.server.kind === 'http');
    if (plain !== undefined) return `plaintext is already served there for ${describe(plain)}`;
    const twin = listener.servers.find(
      (other) =>
        server.kind === 'https' &&
        other.server.kind === 'https' &&
        other.gateway.key === gateway.key &&
        other.server.port === server.port &&
        other.server.portName === server.portName,
    );
    if (twin !== undefined) return 'another TLS server of this Gateway has the same port and port name';
  }
  return undefined;
}

/**
 * Takes from a TLS server the hosts that an earlier one has: its certificate would never be shown for them. Istio's way is to
 * serve no host of such a server.
 */
function withoutDuplicateHosts(
  listener: OpenListener,
  placed: PlacedServer,
  likeIstio: Model['likeIstio'],
  diagnostics: Diagnostic[],
): PlacedServer {
  const { server, gateway } = placed;
  const dropsServer = likeIstio.has('duplicate-host');
  const duplicates = server.hosts.filter(({ host }) => listener.tlsHosts.has(host));
  const effect = dropsServer
    ? '; no host of this server is served, as in Istio'
    : ', which wins; the other hosts of this server are served';
  for (const { host } of dropsServer ? duplicates.slice(0, 1) : duplicates) {
    const owner = listener.tlsHosts.get(host);
    const message = `The host ${host} on TLS port ${server.port} is already served by ${owner && formatResourceRef(owner)}${effect}.`;
    diagnostics.push(conflict(placed, message, 'Name the host in one server only.', 'hosts'));
  }
  const isLost = dropsServer && duplicates.length > 0;
  const hosts = isLost ? [] : server.hosts.filter(({ host }) => !listener.tlsHosts.has(host));
  for (const { host } of hosts) listener.tlsHosts.set(host, gateway.ref);
  return { ...placed, server: { ...server, hosts } };
}

function place(
  open: Map<string, OpenListener>,
  placed: PlacedServer,
  proxyClass: ProxyClass,
  likeIstio: Model['likeIstio'],
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const { server, resolved } = placed;
  const bind = server.bind ?? wildcardAddress;
  const key = `${bind} ${resolved.targetPort}`;
  const binding = bindingOf(server, resolved, proxyClass);
  const existing = open.get(key);
  if (existing === undefined) {
    const owner = [...open.values()].find(
      (other) => other.binding.address === binding.address && other.binding.port === binding.port,
    );
    const [first] = owner?.servers ?? [];
    if (first !== undefined)
      return [
        conflict(
          placed,
          `Port ${server.port} would be bound to ${binding.address}:${binding.port}, which ${describe(first)} already has; this server is not served.`,
          'Give the two Gateway ports different node ports, or different entries in the port map.',
          'port.number',
        ),
      ];
  } else if (existing.binding.port !== binding.port || existing.binding.address !== binding.address) {
    diagnostics.push(
      report(placed.gateway.resource, {
        severity: 'warning',
        code: 'TG0024',
        path: [...server.path, 'port', 'number'],
        message: `Port ${server.port} has the same target port ${resolved.targetPort} as another Gateway port, so one listener serves both; it is bound at ${existing.binding.address}:${existing.binding.port}, not at port ${binding.port}.`,
        remedy: 'Give the two ports of the Service different target ports.',
      }),
    );
  }
  const listener: OpenListener = existing ?? {
    bind,
    targetPort: resolved.targetPort,
    binding,
    servers: [],
    tlsHosts: new Map(),
  };
  const reason = incompatible(listener, placed);
  if (reason !== undefined)
    return [
      conflict(
        placed,
        `Port ${server.port} (${server.protocol}) cannot be served: ${reason}.`,
        'Use another port for one of the two.',
        'port',
      ),
    ];
  const accepted = isTls(server) ? withoutDuplicateHosts(listener, placed, likeIstio, diagnostics) : placed;
  if (accepted.server.hosts.length > 0) {
    listener.servers.push(accepted);
    open.set(key, listener);
  }
  return diagnostics;
}

/** Gateways in order of precedence: whoever comes first keeps its port, and its hosts. */
export function mergeServers(
  { gateways, likeIstio }: Pick<Model, 'gateways' | 'likeIstio'>,
  proxyClass: ProxyClass,
  inFront: readonly ModelService[],
): MergeResult {
  const open = new Map<string, OpenListener>();
  const diagnostics: Diagnostic[] = [];
  for (const gateway of gateways) {
    if (!selectorMatches(gateway.selector, proxyClass.labels)) continue;
    for (const server of gateway.servers)
      diagnostics.push(
        ...place(open, { gateway, server, resolved: resolvePort(inFront, server.port) }, proxyClass, likeIstio),
      );
  }
  return { listeners: [...open.values()], diagnostics };
}
