// Gateway of networking.istio.io: unknown -> GatewaySpec. A server that cannot be used is left out, the others stay.
import {
  messageField,
  messagesField,
  portField,
  reportMissing,
  stringField,
  stringMapField,
  stringsField,
} from './fields.ts';
import type { GatewaySpec, Server, ServerProtocol } from './gateway.ts';
import { serverFields, serverPortFields, serverTlsFields } from './gateway-fields.ts';
import { type Message, report, reportInvalid, shorten } from './message.ts';
import { isHost, isLabel } from './names.ts';
import { parseServerTls } from './parse-server-tls.ts';
import type { FieldPath } from './resource.ts';

const protocols: readonly ServerProtocol[] = [
  'HTTP',
  'HTTPS',
  'HTTP2',
  'GRPC',
  'GRPC-WEB',
  'TCP',
  'TLS',
  'MONGO',
  'MYSQL',
  'REDIS',
];
const LEFT_OUT = 'The server is left out.';

export function parseGateway(spec: Message): GatewaySpec {
  const selector = stringMapField(spec, 'selector');
  const servers = messagesField(spec, 'servers', serverFields, parseServer);
  reportRepeatedPortNames(spec, servers);
  if (servers.length === 0)
    report(spec.context, [...spec.path, 'servers'], {
      severity: 'error',
      code: 'TG0009',
      message: 'The Gateway has no usable server, so it opens no port.',
      remedy: 'Give it a server with a port and hosts.',
    });
  // An empty selector means every gateway: a broken one must not widen to that.
  return { selector, servers: spec.broken.has('selector') ? [] : servers };
}

function parseServer(message: Message, index: number): Server | undefined {
  const port = messageField(message, 'port', serverPortFields, parsePort);
  const hosts = stringsField(message, 'hosts', (host, path) => checkServerHost(message, host, path));
  const tls = messageField(message, 'tls', serverTlsFields, parseServerTls);
  const rest = {
    index,
    name: stringField(message, 'name') || undefined,
    bind: stringField(message, 'bind') || undefined,
  };

  if (port === undefined) {
    reportMissing(message, 'port', LEFT_OUT, 'Give the server a port with number, name and protocol.');
    return undefined;
  }
  if (hosts.length === 0) {
    reportMissing(message, 'hosts', LEFT_OUT, "Name the hosts it serves; '*' is any.");
    return undefined;
  }
  // Plaintext or another address where the user asked for something else would not be safe.
  if (message.broken.has('tls') || message.broken.has('bind')) return undefined;
  return { ...rest, port, hosts, tls };
}

function parsePort(message: Message): Server['port'] | undefined {
  const number = portField(message, 'number');
  const name = stringField(message, 'name');
  const protocol = protocolOf(message);
  if (number === undefined) reportMissing(message, 'number', LEFT_OUT, 'Give the port its number.');
  if (!name) reportMissing(message, 'name', LEFT_OUT, 'Give the port a name, unique in the Gateway.');
  return number === undefined || !name || protocol === undefined ? undefined : { number, name, protocol };
}

/** Istio reads protocols in any case. */
function protocolOf(message: Message): ServerProtocol | undefined {
  const text = stringField(message, 'protocol');
  if (text === undefined) {
    reportMissing(message, 'protocol', LEFT_OUT, `Use one of ${protocols.join(', ')}.`);
    return undefined;
  }
  const protocol = protocols.find((candidate) => candidate === text.toUpperCase());
  if (protocol === undefined) {
    const path = [...message.path, 'protocol'];
    const what = `is ${shorten(text)}, which is no protocol of a Gateway`;
    reportInvalid(message.context, path, what, LEFT_OUT, `Use one of ${protocols.join(', ')}.`);
  }
  return protocol;
}

/** `host`, `ns/host`, `./host`, or with `*` as the namespace. */
function checkServerHost(message: Message, host: string, path: FieldPath): boolean {
  const slash = host.indexOf('/');
  const namespace = slash < 0 ? '*' : host.slice(0, slash);
  if ((namespace === '*' || namespace === '.' || isLabel(namespace)) && isHost(host.slice(slash + 1))) return true;
  const remedy = 'Write `host`, `*.host` or `*`, with `namespace/` before it if wanted; no scheme, port or path.';
  reportInvalid(message.context, path, `is ${shorten(host)}, which is no host`, 'The entry is left out.', remedy);
  return false;
}

function reportRepeatedPortNames(spec: Message, servers: readonly Server[]): void {
  const seen = new Set<string>();
  for (const { index, port } of servers) {
    if (seen.has(port.name))
      report(spec.context, [...spec.path, 'servers', index, 'port', 'name'], {
        severity: 'warning',
        code: 'IST0106',
        message: `The port name ${shorten(port.name)} is used by an earlier server. Both are served; Istio's validation would refuse the Gateway.`,
        remedy: 'Give each server of a Gateway its own port name.',
      });
    seen.add(port.name);
  }
}
