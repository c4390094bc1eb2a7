// Texts of flags to values. Each throws commander's InvalidArgumentError with what would have been right.
import net from 'node:net';
import path from 'node:path';
import { type IstioBehavior, istioBehaviors } from '../lib/istio-behaviors.ts';
import type { Backend, HostPort, Mount } from '../main/run-options.ts';
import { usageError } from './exit-codes.ts';

/** For repeatable flags. */
export function collect<Value>(
  parse: (text: string) => Value,
): (text: string, previous: readonly Value[] | undefined) => Value[] {
  return (text, previous) => [...(previous ?? []), parse(text)];
}

export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 0 && port <= 65535)) throw usageError(`"${text}" is not a port (0 to 65535).`);
  return port;
}

/** `80=18080,443=18443`: Gateway port to bound port. */
export function parsePortMap(text: string, previous: Readonly<Record<number, number>> = {}): Record<number, number> {
  const map: Record<number, number> = { ...previous };
  for (const entry of text.split(',')) {
    const [from, to, ...rest] = entry.split('=');
    if (!from || !to || rest.length > 0)
      throw usageError(`"${entry}" is not GATEWAYPORT=BOUNDPORT, as in 80=18080,443=18443.`);
    const [gatewayPort, boundPort] = [parsePort(from.trim()), parsePort(to.trim())];
    if (gatewayPort === 0 || boundPort === 0) throw usageError(`"${entry}": port 0 cannot be mapped.`);
    map[gatewayPort] = boundPort;
  }
  return map;
}

/** `delegate,duplicate-host`, or `all`. */
export function parseIstioBehaviors(text: string, previous: readonly IstioBehavior[] = []): IstioBehavior[] {
  const named = text.split(',').flatMap((entry): readonly IstioBehavior[] => {
    const name = entry.trim();
    if (name === 'all') return istioBehaviors;
    const known = istioBehaviors.find((behavior) => behavior === name);
    if (known === undefined) throw usageError(`"${name}" is none of ${istioBehaviors.join(', ')} or all.`);
    return [known];
  });
  return [...new Set([...previous, ...named])];
}

/** `istio=ingressgateway,app=istio-ingressgateway`. */
export function parseLabels(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const labels: Record<string, string> = { ...previous };
  for (const entry of text.split(',')) {
    const [name, value, ...rest] = entry.split('=');
    if (!name?.trim() || value === undefined || rest.length > 0)
      throw usageError(`"${entry}" is not NAME=VALUE, as in istio=ingressgateway.`);
    labels[name.trim()] = value.trim();
  }
  return labels;
}

/** `/etc/istio/ingressgateway-certs=./certs`: the path in manifests to a folder here. */
export function parseMount(text: string): Mount {
  const at = text.indexOf('=');
  const [from, to] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || to === '')
    throw usageError(`"${text}" is not PATH=DIRECTORY, as in /etc/istio/ingressgateway-certs=./certs.`);
  if (!path.posix.isAbsolute(from)) throw usageError(`"${from}" is the path that manifests name; it starts with /.`);
  return { path: path.posix.normalize(from).replace(/(.)\/+$/, '$1'), directory: path.resolve(to) };
}

/** `127.0.0.1:15080`, `[::1]:15080`, `localhost:15080`, or a port alone, which means 127.0.0.1. */
export function parseHostPort(text: string): HostPort {
  if (/^\d+$/.test(text)) return { host: '127.0.0.1', port: parsePort(text) };
  const [, v6, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = v6 ?? plain;
  if (!host || !port || (v6 !== undefined && !net.isIPv6(v6)))
    throw usageError(`"${text}" is not HOST:PORT, as in 127.0.0.1:15080.`);
  return { host, port: parsePort(port) };
}

/** `10.96.0.10`, `10.96.0.10:5353` or `[fd00::10]:53`; the port is 53 where none is given. */
export function parseDnsServer(text: string): HostPort {
  const server = net.isIP(text) === 0 ? parseHostPort(text) : { host: text, port: 53 };
  if (net.isIP(server.host) === 0 || server.port === 0 || /^\d+$/.test(text))
    throw usageError(`"${text}" is not the address of a DNS server, as in 10.96.0.10 or 127.0.0.1:5353.`);
  return server;
}

/** As parseHostPort; `off` for none. */
export function parseAdmin(text: string): HostPort | 'off' {
  return text === 'off' ? 'off' : parseHostPort(text);
}

export function parseBind(text: string): string {
  if (net.isIP(text) === 0)
    throw usageError(`"${text}" is not an IP address; 127.0.0.1 serves this machine only, 0.0.0.0 every interface.`);
  return text;
}

export function parseWorkers(text: string): number {
  const workers = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (workers < 1 || workers > 256) throw usageError(`"${text}" is not a number of workers (1 to 256).`);
  return workers;
}

const maxInt32 = 2 ** 31 - 1;

export function parseMaxConnections(text: string): number {
  const connections = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (connections < 1 || connections > maxInt32)
    throw usageError(`"${text}" is not a number of connections (1 to ${maxInt32}).`);
  return connections;
}

/** Kubernetes names: what a namespace and a gateway may be called. */
export function parseHostCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1)
    throw usageError('Give a number of hosts from 1.');
  return count;
}

export function parseName(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text))
    throw usageError(`"${text}" is not a Kubernetes name (lower case letters, digits, "-" and ".").`);
  return text;
}

/** `eu-west`, `eu-west/a`, `eu-west/a/rack-1`. */
export function parseLocality(text: string): string {
  const parts = text.split('/');
  if (parts.length > 3 || !parts.every((part) => /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(part)))
    throw usageError(`"${text}" is not REGION/ZONE/SUBZONE, as in eu-west/a or eu-west.`);
  return text;
}

/** `10s`, `1m`, `500ms`, or seconds; returns milliseconds. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d{1,6})(ms|s|m)?$/.exec(text) ?? [];
  if (amount === undefined) throw usageError(`"${text}" is not a duration, as in 5s or 500ms.`);
  return Number(amount) * (unit === 'ms' ? 1 : unit === 'm' ? 60_000 : 1000);
}

export function parseLineCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw usageError(`"${text}" is not a number of lines.`);
  return Number(text);
}

/** `127.0.0.1:15010` or `unix:/path`. */
export function parseXdsAddress(text: string): string {
  if (text.startsWith('unix:')) {
    const socket = path.resolve(text.slice('unix:'.length));
    // The kernel's limit for socket paths, 108 bytes with the final zero.
    if (Buffer.byteLength(socket) > 107) throw usageError(`"${socket}" is too long for a Unix socket (107 bytes).`);
    return `unix:${socket}`;
  }
  const { host, port } = parseHostPort(text);
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `counter=127.0.0.1:3000`, `counter.shop:80=3000`: a Service, or one port of it, served on this machine. */
export function parseBackend(text: string): Backend {
  const [, service, namespace, port, target] = /^([a-z0-9-]+)(?:\.([a-z0-9-]+))?(?::(\d+))?=(.+)$/.exec(text) ?? [];
  if (!service || !target) {
    throw usageError(`"${text}" is not SERVICE[.NAMESPACE][:PORT]=HOST:PORT, as in counter=127.0.0.1:3000.`);
  }
  const { host, port: hostPort } = parseHostPort(target);
  const address = host === 'localhost' ? '127.0.0.1' : host;
  if (net.isIP(address) === 0) throw usageError(`"${host}" is not an IP address.`);
  if (hostPort === 0) throw usageError(`"${text}" needs the port of the application.`);
  return {
    service: parseName(service),
    namespace: parseName(namespace ?? 'default'),
    port: port === undefined ? undefined : parsePort(port),
    host: address,
    hostPort,
  };
}
