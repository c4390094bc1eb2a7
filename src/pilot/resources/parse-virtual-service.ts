// VirtualService: unknown -> VirtualServiceSpec.
import { messagesField, stringsField } from './fields.ts';
import { type Message, reportInvalid, shorten } from './message.ts';
import { isHost } from './names.ts';
import { parseHttpRoute } from './parse-http-route.ts';
import { parseTcpRoute, parseTlsRoute } from './parse-tcp-route.ts';
import type { FieldPath } from './resource.ts';
import type { VirtualServiceSpec } from './virtual-service.ts';
import { connectionRouteFields, httpRouteFields } from './virtual-service-fields.ts';

export function parseVirtualService(spec: Message): VirtualServiceSpec {
  const hosts = stringsField(spec, 'hosts', (host, path) => checkHost(spec, host, path)).map((host) =>
    host.toLowerCase(),
  );
  return {
    hosts: [...new Set(hosts)],
    gateways: stringsField(spec, 'gateways'),
    http: messagesField(spec, 'http', httpRouteFields, parseHttpRoute),
    tls: messagesField(spec, 'tls', connectionRouteFields, parseTlsRoute),
    tcp: messagesField(spec, 'tcp', connectionRouteFields, parseTcpRoute),
    exportTo: stringsField(spec, 'exportTo'),
  };
}

function checkHost(spec: Message, host: string, path: FieldPath): boolean {
  if (isHost(host)) return true;
  const remedy = 'Write `host`, `*.host` or `*`; no scheme, port or path.';
  reportInvalid(spec.context, path, `is ${shorten(host)}, which is no host`, 'The host is left out.', remedy);
  return false;
}
