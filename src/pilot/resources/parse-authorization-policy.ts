// AuthorizationPolicy: unknown -> AuthorizationPolicySpec. What cannot be read must not let anything through.
import { BlockList, isIP } from 'node:net';
import type { AttributeMatch, AuthorizationPolicySpec, AuthorizationRule } from './authorization-policy.ts';
import {
  enumField,
  messageField,
  messagesField,
  reportMissing,
  stringField,
  stringMapField,
  stringsField,
} from './fields.ts';
import { type FieldTable, type Message, noEffectHere, reportInvalid, served, shorten, tableOf } from './message.ts';
import { isHeaderName } from './names.ts';
import type { FieldPath } from './resource.ts';

const actions = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'] as const;

const forGatewayApi = 'It names objects of the Gateway API, which are not served here.';

export const authorizationPolicyFields: FieldTable = {
  ...tableOf(['selector', 'rules', 'action', 'provider'], served),
  targetRef: noEffectHere(forGatewayApi),
  targetRefs: noEffectHere(forGatewayApi),
};
const providerFields: FieldTable = tableOf(['name'], served);
const selectorFields: FieldTable = tableOf(['matchLabels'], served);
const ruleFields: FieldTable = tableOf(['from', 'to', 'when'], served);
const fromFields: FieldTable = tableOf(['source'], served);
const toFields: FieldTable = tableOf(['operation'], served);
const conditionFields: FieldTable = tableOf(['key', 'values', 'notValues'], served);

/** Field of the API → attribute; each has a twin with `not`. */
const sourceAttributes = {
  principals: 'source.principal',
  requestPrincipals: 'request.auth.principal',
  serviceAccounts: 'source.serviceAccount',
  trustDomains: 'source.trustDomain',
  namespaces: 'source.namespace',
  remoteIpBlocks: 'remote.ip',
  ipBlocks: 'source.ip',
} as const;
/** In Istio's order. */
const operationAttributes = {
  hosts: 'request.host',
  methods: 'request.method',
  paths: 'request.path',
  ports: 'destination.port',
} as const;

const notField = (name: string): string => `not${name.charAt(0).toUpperCase()}${name.slice(1)}`;
const tableFor = (attributes: object): FieldTable =>
  tableOf([...Object.keys(attributes), ...Object.keys(attributes).map(notField)], served);
const sourceFields = tableFor(sourceAttributes);
const operationFields = tableFor(operationAttributes);

export function parseAuthorizationPolicy(spec: Message): AuthorizationPolicySpec | undefined {
  const action = enumField(spec, 'action', actions) ?? 'ALLOW';
  // An entry that cannot be read is left out: the policy is then for more gateways, which lets nothing in.
  const selector =
    messageField(spec, 'selector', selectorFields, (field) => stringMapField(field, 'matchLabels')) ?? {};
  const rules = messagesField(spec, 'rules', ruleFields, parseRule);
  if (spec.broken.has('action') || spec.broken.has('selector')) return undefined;
  const provider =
    messageField(spec, 'provider', providerFields, (field) => ({ name: stringField(field, 'name') ?? '' }))?.name ?? '';
  if (action === 'CUSTOM' && provider === '')
    reportInvalid(
      spec.context,
      ['spec', 'provider', 'name'],
      'is missing',
      'Nobody can be asked about its requests, so they are denied.',
      'Name an extension provider of the mesh settings.',
    );
  if (action !== 'CUSTOM' && provider !== '')
    reportInvalid(
      spec.context,
      ['spec', 'provider'],
      `is for action CUSTOM, and this one is ${action}`,
      'It is ignored.',
      'Remove it, or write action: CUSTOM.',
    );
  const targets = [spec.fields.targetRef, spec.fields.targetRefs].filter(
    (value) => value !== undefined && value !== null,
  );
  return { action, provider, selector, isForOthers: targets.length > 0, rules };
}

function parseRule(message: Message, index: number): AuthorizationRule {
  const from = messagesField(message, 'from', fromFields, (item) =>
    messageField(item, 'source', sourceFields, (source) => attributesOf(source, sourceAttributes)),
  );
  const to = messagesField(message, 'to', toFields, (item) =>
    messageField(item, 'operation', operationFields, (operation) => attributesOf(operation, operationAttributes)),
  );
  const when = messagesField(message, 'when', conditionFields, parseCondition);
  return { from, to, when, isBroken: message.broken.size > 0, index };
}

/** Undefined where a part of it cannot be read. */
function attributesOf(
  message: Message,
  attributes: Readonly<Record<string, string>>,
): readonly AttributeMatch[] | undefined {
  const found = Object.entries(attributes).flatMap(([name, attribute]) => {
    const check = checkOf(message, attribute);
    const match = {
      attribute,
      values: stringsField(message, name, check),
      notValues: stringsField(message, notField(name), check),
    };
    return match.values.length + match.notValues.length > 0 ? [match] : [];
  });
  return message.broken.size > 0 ? undefined : found;
}

const known = new Set([
  ...['source.ip', 'remote.ip', 'source.namespace', 'source.principal', 'source.serviceAccount', 'source.trustDomain'],
  ...['destination.ip', 'destination.port', 'connection.sni'],
  ...['request.auth.principal', 'request.auth.audiences', 'request.auth.presenter'],
]);
const bracketed = /^(request\.headers|request\.auth\.claims)\[.+\]$/;

function parseCondition(message: Message): AttributeMatch | undefined {
  const key = stringField(message, 'key') ?? '';
  const header = /^request\.headers\[(.+)\]$/.exec(key)?.[1];
  const isKnown = known.has(key) || (bracketed.test(key) && (header === undefined || isHeaderName(header)));
  if (!isKnown) {
    const remedy = 'Use one of the keys of https://istio.io/latest/docs/reference/config/security/conditions/.';
    reportInvalid(message.context, [...message.path, 'key'], `is ${shorten(key)}, no attribute`, BROKEN, remedy);
    return undefined;
  }
  const check = checkOf(message, key);
  const match = {
    attribute: key,
    values: stringsField(message, 'values', check),
    notValues: stringsField(message, 'notValues', check),
  };
  if (message.broken.size > 0) return undefined;
  if (match.values.length + match.notValues.length === 0) {
    reportMissing(message, 'values', BROKEN, 'Give it values or notValues.');
    return undefined;
  }
  return match;
}

const BROKEN = 'A rule that allows then allows nothing, and one that denies does without it.';

/** Values that no data plane could use. */
function checkOf(message: Message, attribute: string): (text: string, path: FieldPath) => boolean {
  const say = (path: FieldPath, what: string, remedy: string): false => {
    reportInvalid(message.context, path, what, BROKEN, remedy);
    return false;
  };
  if (attribute.endsWith('.ip'))
    return (text, path) =>
      isBlock(text) || say(path, `is ${shorten(text)}, no block of IP addresses`, 'Write 10.0.0.0/8 or an address.');
  if (attribute === 'destination.port')
    return (text, path) =>
      (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) ||
      say(path, `is ${shorten(text)}, no port`, 'Write a number from 1 to 65535, in quotes.');
  if (attribute === 'source.serviceAccount')
    return (text, path) =>
      /^([^/*]+\/)?[^/*]+$/.test(text) ||
      say(path, `is ${shorten(text)}, no service account`, 'Write namespace/name, or name, without wildcards.');
  return (text, path) => text !== '' || say(path, 'is empty', 'Write a value.');
}

function isBlock(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (length === undefined) return true;
  if (!/^\d{1,3}$/.test(length)) return false;
  try {
    new BlockList().addSubnet(address, Number(length), version === 6 ? 'ipv6' : 'ipv4');
    return true;
  } catch {
    return false;
  }
}
