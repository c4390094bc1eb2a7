// EndpointSlice and Endpoints: unknown -> the addresses behind a Service.
import { isIP } from 'node:net';
import type {
  EndpointPort,
  EndpointSliceSpec,
  EndpointsAddress,
  EndpointsSpec,
  EndpointsSubset,
  SliceEndpoint,
} from './endpoints.ts';
import {
  booleanField,
  enumField,
  messageField,
  messagesField,
  portField,
  reportMissing,
  stringField,
  stringsField,
} from './fields.ts';
import { type FieldTable, ignored, type Message, reportInvalid, served, shorten, tableOf } from './message.ts';
import { isHost } from './names.ts';
import { protocols } from './parse-service.ts';
import type { FieldPath } from './resource.ts';

const addressTypes = ['IPv4', 'IPv6', 'FQDN'] as const;

/** An EndpointSlice has no spec: these stand beside its metadata. */
export const endpointSliceFields: FieldTable = tableOf(['addressType', 'ports', 'endpoints'], served);
export const endpointsFields: FieldTable = tableOf(['subsets'], served);

const portFields = tableOf(['name', 'port', 'protocol', 'appProtocol'], served);
const sliceEndpointFields: FieldTable = {
  ...tableOf(['addresses', 'conditions', 'zone', 'nodeName', 'targetRef'], served),
  ...tableOf(['hostname', 'hints', 'deprecatedTopology'], ignored),
};
const conditionFields = tableOf(['ready', 'serving', 'terminating'], served);
const subsetFields = tableOf(['addresses', 'notReadyAddresses', 'ports'], served);
const addressFields: FieldTable = { ...tableOf(['ip', 'nodeName', 'targetRef'], served), hostname: ignored };
const targetRefFields: FieldTable = {
  ...tableOf(['kind', 'namespace', 'name'], served),
  ...tableOf(['uid', 'apiVersion', 'resourceVersion', 'fieldPath'], ignored),
};

export function parseEndpointSlice(message: Message, labels: Readonly<Record<string, string>>): EndpointSliceSpec {
  const addressType = enumField(message, 'addressType', addressTypes);
  if (addressType === undefined)
    reportMissing(
      message,
      'addressType',
      'Each address counts by its own form.',
      `Use one of ${addressTypes.join(', ')}.`,
    );
  const serviceName = labels['kubernetes.io/service-name'];
  if (!serviceName)
    reportInvalid(
      message.context,
      ['metadata', 'labels', 'kubernetes.io/service-name'],
      'is missing',
      'These endpoints belong to no Service.',
      'Set the label to the name of the Service.',
    );
  return {
    serviceName: serviceName || undefined,
    addressType: addressType ?? 'IPv4',
    ports: messagesField(message, 'ports', portFields, parseEndpointPort),
    endpoints: messagesField(message, 'endpoints', sliceEndpointFields, (item) =>
      parseSliceEndpoint(item, addressType),
    ),
  };
}

type AddressType = (typeof addressTypes)[number];

function parseSliceEndpoint(message: Message, addressType: AddressType | undefined): SliceEndpoint | undefined {
  const addresses = stringsField(message, 'addresses', (address, path) =>
    checkAddress(message, path, address, addressType),
  );
  const conditions = messageField(message, 'conditions', conditionFields, (field) => ({
    ready: booleanField(field, 'ready'),
    serving: booleanField(field, 'serving'),
    terminating: booleanField(field, 'terminating'),
  }));
  if (addresses.length === 0) {
    reportMissing(message, 'addresses', 'The endpoint is left out.', 'Give it an address.');
    return undefined;
  }
  return {
    addresses,
    ready: conditions?.ready ?? true,
    serving: conditions?.serving ?? conditions?.ready ?? true,
    terminating: conditions?.terminating ?? false,
    zone: stringField(message, 'zone'),
    nodeName: stringField(message, 'nodeName'),
    targetRef: parseTargetRef(message),
  };
}

export function parseEndpoints(message: Message): EndpointsSpec {
  return { subsets: messagesField(message, 'subsets', subsetFields, parseSubset) };
}

function parseSubset(message: Message): EndpointsSubset {
  return {
    addresses: messagesField(message, 'addresses', addressFields, parseEndpointsAddress),
    notReadyAddresses: messagesField(message, 'notReadyAddresses', addressFields, parseEndpointsAddress),
    ports: messagesField(message, 'ports', portFields, parseEndpointPort).filter((port) => port.port !== undefined),
  };
}

function parseEndpointsAddress(message: Message): EndpointsAddress | undefined {
  const ip = stringField(message, 'ip');
  if (ip === undefined) reportMissing(message, 'ip', 'The address is left out.', 'Give it an IP address.');
  if (ip === undefined || !checkAddress(message, [...message.path, 'ip'], ip, undefined)) return undefined;
  return { ip, nodeName: stringField(message, 'nodeName'), targetRef: parseTargetRef(message) };
}

function parseEndpointPort(message: Message): EndpointPort | undefined {
  const port = portField(message, 'port');
  const protocol = enumField(message, 'protocol', protocols) ?? 'TCP';
  const name = stringField(message, 'name') ?? '';
  // Without its number a port would stand for all ports, which nobody asked for.
  if (message.broken.size > 0) return undefined;
  return { name, port, protocol, appProtocol: stringField(message, 'appProtocol') || undefined };
}

function parseTargetRef(message: Message): SliceEndpoint['targetRef'] {
  return messageField(message, 'targetRef', targetRefFields, (field) => ({
    kind: stringField(field, 'kind') ?? '',
    namespace: stringField(field, 'namespace') ?? message.context.resource.namespace,
    name: stringField(field, 'name') ?? '',
  }));
}

function checkAddress(message: Message, path: FieldPath, address: string, type: AddressType | undefined): boolean {
  const version = isIP(address);
  const valid =
    type === 'IPv4'
      ? version === 4
      : type === 'IPv6'
        ? version === 6
        : type === 'FQDN'
          ? isHost(address)
          : version !== 0;
  if (valid) return true;
  const kind = type === 'FQDN' ? 'a host name' : `an ${type ?? 'IP'} address`;
  reportInvalid(message.context, path, `is ${shorten(address)}, not ${kind}`, 'It gets no traffic.', `Write ${kind}.`);
  return false;
}
