// VirtualService: unknown -> VirtualServiceSpec.
import { messagesField, stringsField } from './fields.ts';
import { type Message, report, reportInvalid, shorten } from './message.ts';
import { isHost } from './names.ts';
import { parseHttpRoute } from './parse-http-route.ts';
import { parseTcpRoute } from './parse-tcp-route.ts';
import type { FieldPath } from './resource.ts';
import type { VirtualServiceSpec } from './virtual-service.ts';
import { httpRouteFieldsOf, tcpRouteFields } from './virtual-service-fields.ts';

export function parseVirtualService(spec: Message): VirtualServiceSpec {
  const hosts = stringsField(spec, 'hosts', (host, path) => checkHost(spec, host, path)).map((host) =>
    host.toLowerCase(),
  );
  if (hosts.length === 0)
    report(spec.context, [...spec.path, 'hosts'], {
      severity: 'warning',
      code: 'TG0006',
      message:
        'The VirtualService has no usable host. It serves no request; a VirtualService without hosts is for delegates, which are not served yet.',
      remedy: 'Name the hosts it serves.',
    });
  return {
    hosts: [...new Set(hosts)],
    gateways: stringsField(spec, 'gateways'),
    http: messagesField(spec, 'http', httpRouteFieldsOf, parseHttpRoute),
    tcp: messagesField(spec, 'tcp', tcpRouteFields, parseTcpRoute),
    exportTo: stringsField(spec, 'exportTo'),
  };
}

function checkHost(spec: Message, host: string, path: FieldPath): boolean {
  if (isHost(host)) return true;
  const remedy = 'Write `host`, `*.host` or `*`; no scheme, port or path.';
  reportInvalid(spec.context, path, `is ${shorten(host)}, which is no host`, 'The host is left out.', remedy);
  return false;
}
