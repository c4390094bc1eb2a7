// Ingress and IngressClass: unknown -> IngressSpec, IngressClassSpec. A path that cannot be used stays, and answers 500.
import {
  enumField,
  givenField,
  messageField,
  messagesField,
  portField,
  reportMissing,
  stringField,
  stringsField,
} from './fields.ts';
import type { IngressBackend, IngressClassSpec, IngressPath, IngressRule, IngressSpec, IngressTls } from './ingress.ts';
import {
  type FieldTable,
  ignored,
  type Message,
  reportInvalid,
  served,
  shorten,
  tableOf,
  unsupported,
} from './message.ts';
import { isHost } from './names.ts';

export const ingressFields: FieldTable = tableOf(['ingressClassName', 'defaultBackend', 'tls', 'rules'], served);
export const ingressClassFields: FieldTable = { controller: served, parameters: ignored };
const tlsFields: FieldTable = tableOf(['hosts', 'secretName'], served);
const ruleFields: FieldTable = tableOf(['host', 'http'], served);
const httpFields: FieldTable = tableOf(['paths'], served);
const pathFields: FieldTable = tableOf(['path', 'pathType', 'backend'], served);
const backendFields: FieldTable = {
  service: served,
  resource: unsupported('Requests for the path are answered with 500.'),
};
const serviceFields: FieldTable = tableOf(['name', 'port'], served);
const portFields: FieldTable = tableOf(['number', 'name'], served);

const ANSWERED_500 = 'Requests for the path are answered with 500.';

export function parseIngressClass(spec: Message): IngressClassSpec {
  return { controller: stringField(spec, 'controller') };
}

export function parseIngress(spec: Message): IngressSpec {
  return {
    ingressClassName: stringField(spec, 'ingressClassName') || undefined,
    hasDefaultBackend: givenField(spec, 'defaultBackend') !== undefined,
    tls: messagesField(spec, 'tls', tlsFields, parseTls),
    rules: messagesField(spec, 'rules', ruleFields, parseRule),
  };
}

function parseTls(message: Message, index: number): IngressTls {
  const hosts = stringsField(message, 'hosts', (host, path) => {
    if (isHost(host)) return true;
    reportInvalid(
      message.context,
      path,
      `is ${shorten(host)}, which is no host`,
      'It is left out.',
      'Write a DNS name.',
    );
    return false;
  }).map((host) => host.toLowerCase());
  // A list that held nothing usable must not come to mean every host.
  const secretName = message.broken.has('hosts') && hosts.length === 0 ? undefined : stringField(message, 'secretName');
  return { index, hosts, secretName: secretName || undefined };
}

function parseRule(message: Message, index: number): IngressRule | undefined {
  const host = stringField(message, 'host') || '*';
  if (!isHost(host) || host.includes(':')) {
    const what = `is ${shorten(host)}, which is no host`;
    reportInvalid(message.context, [...message.path, 'host'], what, 'The rule is left out.', 'Write a DNS name.');
    return undefined;
  }
  const paths = messageField(message, 'http', httpFields, (http) =>
    messagesField(http, 'paths', pathFields, parsePath),
  );
  // Where it cannot be told which hosts are meant, none is.
  return message.broken.has('host') ? undefined : { index, host: host.toLowerCase(), paths: paths ?? [] };
}

function parsePath(message: Message, index: number): IngressPath | undefined {
  const path = stringField(message, 'path') ?? '';
  const pathType = enumField(message, 'pathType', ['Exact', 'Prefix', 'ImplementationSpecific']);
  const backend = messageField(message, 'backend', backendFields, parseBackend);
  if (backend === undefined) reportMissing(message, 'backend', ANSWERED_500, 'Name a Service and its port.');
  if (message.broken.has('path')) return undefined;
  // How much of it was meant is not known: the path itself must not fall to another.
  const usable = message.broken.has('pathType') ? undefined : backend;
  return { index, path, pathType: pathType ?? 'ImplementationSpecific', backend: usable };
}

function parseBackend(message: Message): IngressBackend | undefined {
  const service = messageField(message, 'service', serviceFields, (fields): IngressBackend | undefined => {
    const name = stringField(fields, 'name') || undefined;
    const port = messageField(
      fields,
      'port',
      portFields,
      (selector) => portField(selector, 'number') ?? (stringField(selector, 'name') || undefined),
    );
    if (name === undefined) reportMissing(fields, 'name', ANSWERED_500, 'Name the Service.');
    if (port === undefined) reportMissing(fields, 'port', ANSWERED_500, 'Give the port its number or its name.');
    return name === undefined || port === undefined ? undefined : { service: name, port };
  });
  if (service === undefined && message.fields.resource === undefined)
    reportMissing(message, 'service', ANSWERED_500, 'Name a Service and its port.');
  return service;
}
