// ServiceEntry and WorkloadEntry: unknown -> ServiceEntrySpec, WorkloadEntrySpec.
import { isIP } from 'node:net';
import {
  enumField,
  integerField,
  messageField,
  messagesField,
  portField,
  portMapField,
  reportMissing,
  stringField,
  stringMapField,
  stringsField,
} from './fields.ts';
import { type FieldTable, type Message, noEffectHere, reportInvalid, served, shorten, tableOf } from './message.ts';
import { isHost } from './names.ts';
import type { ServiceEntryPort, ServiceEntrySpec, WorkloadEntrySpec } from './service-entry.ts';

const resolutions = ['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'] as const;
const locations = ['MESH_EXTERNAL', 'MESH_INTERNAL'] as const;

export const serviceEntryFields: FieldTable = {
  ...tableOf(['hosts', 'ports', 'location', 'resolution', 'endpoints', 'workloadSelector', 'exportTo'], served),
  subjectAltNames: served,
  addresses: noEffectHere('They are for clients inside the mesh; a gateway goes by routes.'),
};
const portFields: FieldTable = tableOf(['number', 'protocol', 'name', 'targetPort'], served);
const selectorFields: FieldTable = tableOf(['labels'], served);
export const workloadEntryFields: FieldTable = {
  ...tableOf(['address', 'ports', 'labels', 'locality', 'network', 'weight'], served),
  serviceAccount: noEffectHere('A gateway goes by subjectAltNames.'),
};

const NOT_USED = 'The object is not used.';
const LEFT_OUT = 'It is left out.';

export function parseServiceEntry(spec: Message): ServiceEntrySpec | undefined {
  const hosts = stringsField(spec, 'hosts', (host, path) => {
    if (isHost(host) && host !== '*') return true;
    const remedy = 'Write a DNS name, or one with `*.` in front.';
    reportInvalid(spec.context, path, `is ${shorten(host)}, which is no name of a service`, LEFT_OUT, remedy);
    return false;
  });
  const resolution = enumField(spec, 'resolution', resolutions) ?? 'NONE';
  const parsed: ServiceEntrySpec = {
    hosts: [...new Set(hosts.map((host) => host.toLowerCase()))],
    ports: messagesField(spec, 'ports', portFields, parsePort),
    location: enumField(spec, 'location', locations) ?? 'MESH_EXTERNAL',
    resolution,
    endpoints: messagesField(spec, 'endpoints', workloadEntryFields, (item) => parseEndpoint(item, resolution)),
    workloadSelector: messageField(spec, 'workloadSelector', selectorFields, (field) =>
      stringMapField(field, 'labels'),
    ),
    exportTo: stringsField(spec, 'exportTo'),
    subjectAltNames: stringsField(spec, 'subjectAltNames'),
  };
  if (resolution === 'DYNAMIC_DNS') checkDynamic(spec, parsed);
  if (parsed.hosts.length > 0) return parsed;
  reportMissing(spec, 'hosts', NOT_USED, 'Name the service.');
  return undefined;
}

/** Of these protocols requests and connections say which name they are for. */
export const namingProtocols: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'TLS']);

function checkDynamic(spec: Message, { hosts, ports, endpoints }: ServiceEntrySpec): void {
  const { context } = spec;
  const refused = 'Requests are answered with 503.';
  for (const host of hosts.filter((one) => !one.startsWith('*')))
    reportInvalid(
      context,
      ['spec', 'hosts'],
      `has ${shorten(host)}, which is one name, with resolution DYNAMIC_DNS`,
      refused,
      'Use resolution DNS for it, or a host with `*.` in front.',
    );
  ports.forEach(({ protocol }, i) => {
    if (namingProtocols.has(protocol.toUpperCase())) return;
    const what = `is ${shorten(protocol)}, which does not say what name a client means, with resolution DYNAMIC_DNS`;
    reportInvalid(context, ['spec', 'ports', i, 'protocol'], what, refused, 'Use HTTP, HTTP2, GRPC or TLS.');
  });
  if (endpoints.length > 0)
    reportInvalid(context, ['spec', 'endpoints'], 'stand beside DYNAMIC_DNS', 'They are not used.', 'Remove them.');
}

function parsePort(message: Message): ServiceEntryPort | undefined {
  const number = portField(message, 'number');
  const name = stringField(message, 'name') ?? '';
  const protocol = stringField(message, 'protocol') ?? '';
  const targetPort = portField(message, 'targetPort');
  if (number === undefined) {
    reportMissing(message, 'number', LEFT_OUT, 'Say which port it is.');
    return undefined;
  }
  return message.broken.has('targetPort') ? undefined : { number, protocol, name, targetPort };
}

function parseEndpoint(message: Message, resolution: ServiceEntrySpec['resolution']): WorkloadEntrySpec | undefined {
  const endpoint = parseWorkload(message);
  const { address } = endpoint;
  if (message.broken.size > 0) return undefined;
  const isName = address !== undefined && isIP(address) === 0;
  if (address === undefined) reportMissing(message, 'address', LEFT_OUT, 'Give the endpoint an address.');
  else if (isName && resolution !== 'DNS' && resolution !== 'DNS_ROUND_ROBIN') {
    const what = `is ${shorten(address)}, no IP address, and nothing resolves names with resolution ${resolution}`;
    const remedy = 'Write an IP address, or use resolution DNS.';
    reportInvalid(message.context, [...message.path, 'address'], what, LEFT_OUT, remedy);
  } else return endpoint;
  return undefined;
}

export function parseWorkloadEntry(spec: Message): WorkloadEntrySpec | undefined {
  const entry = parseWorkload(spec);
  if (spec.broken.size > 0) return undefined;
  if (entry.address !== undefined && isIP(entry.address) !== 0) return entry;
  if (entry.address === undefined) reportMissing(spec, 'address', NOT_USED, 'Give it an address.');
  else {
    const what = `is ${shorten(entry.address)}, no IP address`;
    reportInvalid(spec.context, ['spec', 'address'], what, NOT_USED, 'Write an IP address.');
  }
  return undefined;
}

function parseWorkload(message: Message): WorkloadEntrySpec {
  return {
    address: parseAddress(message),
    ports: portMapField(message, 'ports'),
    labels: stringMapField(message, 'labels'),
    locality: stringField(message, 'locality') || undefined,
    network: stringField(message, 'network') || undefined,
    weight: integerField(message, 'weight', 0, 2 ** 32 - 1) || undefined,
  };
}

function parseAddress(message: Message): string | undefined {
  const address = stringField(message, 'address');
  if (!address) return undefined;
  if (isIP(address) !== 0) return address;
  if (isHost(address) && !address.startsWith('*')) return address.toLowerCase();
  message.broken.add('address');
  const what = address.startsWith('unix://')
    ? 'is a Unix socket, which is not served'
    : `is ${shorten(address)}, no address`;
  reportInvalid(message.context, [...message.path, 'address'], what, LEFT_OUT, 'Write an IP address or a host name.');
  return undefined;
}
