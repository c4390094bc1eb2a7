// One Gateway object → the servers Tidegate can serve, and a Diagnostic for each that it cannot.
import { isIP } from 'node:net';
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { Server, TlsMode } from '../resources/gateway.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import { buildServerTls } from './build-server-tls.ts';
import { isHostName, parseServerHost, type ServerHost } from './host-names.ts';
import type { ModelGateway, ModelServer, ServerTlsSettings } from './model.ts';
import { type Finding, report } from './report.ts';

export interface GatewayResult {
  readonly gateway: ModelGateway;
  readonly diagnostics: readonly Diagnostic[];
}

type ServerResult =
  | { readonly kind: 'server'; readonly server: ModelServer; readonly findings: readonly Finding[] }
  | { readonly kind: 'unserved'; readonly findings: readonly Finding[] };

const unserved = (server: Server, field: string, message: string, remedy: string): ServerResult => ({
  kind: 'unserved',
  findings: [
    {
      severity: 'error',
      code: 'TG0006',
      path: ['spec', 'servers', server.index, ...field.split('.')],
      message,
      remedy,
    },
  ],
});

const plainHttp = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB']);
const plainTcp = new Set(['TCP', 'MONGO', 'MYSQL', 'REDIS']);

/** The hosts that data planes take; each once. */
function hostsOf(server: Server, namespace: string): { hosts: readonly ServerHost[]; findings: readonly Finding[] } {
  const hosts = new Map<string, ServerHost>();
  const findings: Finding[] = [];
  for (const [i, text] of server.hosts.entries()) {
    const host = parseServerHost(text, namespace);
    if (isHostName(host.host)) {
      hosts.set(`${host.namespace}/${host.host}`, host);
      continue;
    }
    findings.push({
      severity: 'error',
      code: 'IST0106',
      path: ['spec', 'servers', server.index, 'hosts', i],
      message: `The host ${JSON.stringify(text)} is no DNS name, so it is not served; the other hosts are.`,
      remedy:
        'Write *, a DNS name, or one with "*." in front, each with a namespace and a slash before it if you like.',
    });
  }
  return { hosts: [...hosts.values()], findings };
}

/** As in Istio, where PASSTHROUGH is the value of an enum that is not set. */
const modeOf = (server: Server): TlsMode => server.tls?.mode ?? 'PASSTHROUGH';

function kindOf(server: Server): ModelServer['kind'] {
  const { protocol } = server.port;
  if (plainHttp.has(protocol)) return 'http';
  if (plainTcp.has(protocol)) return 'tcp';
  if (modeOf(server) === 'PASSTHROUGH') return 'passthrough';
  if (modeOf(server) === 'AUTO_PASSTHROUGH') return 'auto-passthrough';
  return protocol === 'HTTPS' ? 'https' : 'tls';
}

function buildServer(server: Server, namespace: string): ServerResult {
  if (server.bind !== undefined && server.bind !== '' && isIP(server.bind) === 0)
    return unserved(
      server,
      'bind',
      `Server ${server.port.number} binds ${JSON.stringify(server.bind)}, which is no IP address; it is not served.`,
      'Remove bind, or set it to an IP address.',
    );
  const kind = kindOf(server);
  const tls = (kind === 'https' || kind === 'tls') && server.tls ? buildServerTls(server, server.tls) : undefined;
  if (tls !== undefined && 'field' in tls) return unserved(server, tls.field, tls.message, tls.remedy);
  const { hosts, findings } = hostsOf(server, namespace);
  if (hosts.length === 0) return { kind: 'unserved', findings };
  return {
    kind: 'server',
    findings: [...findings, ...unusedCrls(server, tls)],
    server: {
      kind,
      index: server.index,
      path: ['spec', 'servers', server.index],
      port: server.port.number,
      portName: server.port.name,
      protocol: server.port.protocol,
      bind: server.bind || undefined,
      hosts,
      httpsRedirect: (kind === 'http' || kind === 'https') && server.tls?.httpsRedirect === true,
      tls,
    },
  };
}

/** A revocation list that nothing reads would let in whom its author keeps out. */
function unusedCrls(server: Server, tls: ServerTlsSettings | undefined): readonly Finding[] {
  const roots = tls?.validation?.roots;
  const used = roots?.kind === 'file' ? roots.crl : undefined;
  return (server.tls?.files ?? [])
    .filter(({ caCrl }) => caCrl !== undefined && caCrl !== used)
    .map(({ field }) => ({
      severity: 'warning',
      code: 'TG0008',
      path: ['spec', 'servers', server.index, 'tls', ...field, 'caCrl'],
      message: 'caCrl has no effect: clients are not checked against certificates from a file here.',
      remedy: 'Set caCertificates and mode MUTUAL; with credentialName, put the list into the Secret as ca.crl.',
    }));
}

export function buildGateway(resource: Resource<'Gateway'>): GatewayResult {
  const { name, namespace } = resource.metadata;
  const results = resource.spec.servers.map((server) => buildServer(server, namespace));
  const servers = results.flatMap((result) => (result.kind === 'server' ? [result.server] : []));
  const findings = results.flatMap((result) => result.findings);
  // Parsing has told of a Gateway without any.
  if (servers.length === 0 && resource.spec.servers.length > 0)
    findings.push({
      severity: 'error',
      code: 'TG0009',
      path: ['spec', 'servers'],
      message: 'The Gateway has no server that can be served; it opens no port.',
      remedy: 'Add a server with port, protocol and hosts, or correct those reported above.',
    });
  return {
    gateway: {
      key: `${namespace}/${name}`,
      name,
      namespace,
      ref: resourceRef(resource),
      selector: resource.spec.selector,
      servers,
      resource,
    },
    diagnostics: findings.map((finding) => report(resource, finding)),
  };
}
