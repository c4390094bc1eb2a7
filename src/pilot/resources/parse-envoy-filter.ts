// EnvoyFilter: unknown -> EnvoyFilterSpec. A patch that cannot be read is left out; it takes no other down.
import type { ApplyTo, ConfigPatch, EnvoyFilterSpec, PatchOperation, ProxyMatch } from './envoy-filter.ts';
import { enumField, integerField, messageField, messagesField, stringField, stringMapField } from './fields.ts';
import {
  describe,
  type FieldTable,
  isRecord,
  type Message,
  noEffectHere,
  report,
  reportInvalid,
  served,
  tableOf,
} from './message.ts';
import { matchFields, type ObjectMatch, parseObjectMatch } from './parse-envoy-filter-match.ts';
import type { FieldPath } from './resource.ts';

const forGatewayApi = 'It names objects of the Gateway API, which are not served here.';

export const envoyFilterFields: FieldTable = {
  ...tableOf(['workloadSelector', 'configPatches', 'priority'], served),
  targetRefs: noEffectHere(forGatewayApi),
};
const selectorFields: FieldTable = tableOf(['labels'], served);
const configPatchFields: FieldTable = tableOf(['applyTo', 'match', 'patch'], served);
const proxyFields: FieldTable = tableOf(['proxyVersion', 'metadata'], served);
const patchFields: FieldTable = {
  ...tableOf(['operation', 'value'], served),
  filterClass: noEffectHere("Istio's own control plane does not look at it: use INSERT_BEFORE or INSERT_AFTER."),
};

const dropped = 'The patch is left out.';
const elsewhere = ['SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'WAYPOINT'] as const;
const contexts = ['ANY', 'GATEWAY', ...elsewhere] as const;

const filterOperations: readonly PatchOperation[] = [
  ...(['MERGE', 'ADD', 'REMOVE', 'INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST', 'REPLACE'] as const),
];
/** INSERT_… is ADD there: the order means nothing, or is decided by what matches best. */
const objectOperations: readonly PatchOperation[] = [
  ...(['MERGE', 'MERGE_AND_REPLACE_LIST', 'ADD', 'REMOVE', 'INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST'] as const),
];

/** What Istio does of each; the rest is taken by its API, and does nothing. */
const operationsOf: { readonly [Name in ApplyTo]: readonly PatchOperation[] } = {
  LISTENER: objectOperations,
  FILTER_CHAIN: objectOperations,
  NETWORK_FILTER: filterOperations,
  HTTP_FILTER: filterOperations,
  LISTENER_FILTER: filterOperations,
  ROUTE_CONFIGURATION: ['MERGE', 'MERGE_AND_REPLACE_LIST'],
  VIRTUAL_HOST: [...objectOperations, 'REPLACE'],
  HTTP_ROUTE: objectOperations,
  CLUSTER: objectOperations,
  EXTENSION_CONFIG: ['ADD', 'INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST'],
};
const applyToNames = [...(Object.keys(operationsOf) as ApplyTo[]), 'BOOTSTRAP'] as const;
const operations: readonly PatchOperation[] = [...objectOperations, 'REPLACE'];

/** The one kind of match that Istio's validation allows. */
const matchOf: { readonly [Name in ApplyTo]: keyof ObjectMatch | undefined } = {
  LISTENER: 'listener',
  FILTER_CHAIN: 'listener',
  NETWORK_FILTER: 'listener',
  HTTP_FILTER: 'listener',
  LISTENER_FILTER: 'listener',
  ROUTE_CONFIGURATION: 'routeConfiguration',
  VIRTUAL_HOST: 'routeConfiguration',
  HTTP_ROUTE: 'routeConfiguration',
  CLUSTER: 'cluster',
  EXTENSION_CONFIG: undefined,
};

const maxPriority = 2 ** 31 - 1;

export function parseEnvoyFilter(spec: Message): EnvoyFilterSpec | undefined {
  const selector = messageField(spec, 'workloadSelector', selectorFields, (field) => {
    const labels = stringMapField(field, 'labels');
    return field.broken.size > 0 ? undefined : labels;
  });
  const priority = integerField(spec, 'priority', -maxPriority - 1, maxPriority) ?? 0;
  const patches = messagesField(spec, 'configPatches', configPatchFields, (item, index) => parsePatch(item, index));
  // For everything, or at another time than it says, would be more than was asked.
  if (spec.broken.has('workloadSelector') || spec.broken.has('priority')) return undefined;
  const { targetRefs } = spec.fields;
  return {
    selector: selector ?? {},
    isForOthers: targetRefs !== undefined && targetRefs !== null,
    priority,
    patches,
  };
}

function parsePatch(message: Message, index: number): ConfigPatch | undefined {
  const applyTo = required(message, 'applyTo', applyToNames);
  const match = messageField(message, 'match', matchFields, (field) => {
    const context = enumField(field, 'context', contexts) ?? 'ANY';
    const proxy = messageField(field, 'proxy', proxyFields, parseProxy) ?? { proxyVersion: undefined, metadata: {} };
    const objects = parseObjectMatch(field);
    return field.broken.size > 0 ? undefined : { context, proxy, objects };
  });
  const patch = messageField(message, 'patch', patchFields, (field) => {
    const operation = required(field, 'operation', operations);
    const value = parseValue(field);
    return operation === undefined || field.broken.size > 0 ? undefined : { operation, value };
  });
  if (patch === undefined && !message.broken.has('patch'))
    reportInvalid(message.context, [...message.path, 'patch'], 'is missing', dropped, 'Say what is to be done.');
  if (applyTo === undefined || patch === undefined || message.broken.size > 0) return undefined;
  const { operation, value } = patch;
  const path = message.path;
  if (match !== undefined && elsewhere.some((context) => context === match.context))
    return withoutEffect(message, [...path, 'match', 'context'], `${match.context} is no context of a gateway`);
  if (applyTo === 'BOOTSTRAP')
    return withoutEffect(message, [...path, 'applyTo'], "BOOTSTRAP is about what Envoy starts with, not pilot's");
  if (!operationsOf[applyTo].includes(operation))
    return withoutEffect(message, [...path, 'patch', 'operation'], `${operation} does nothing to ${applyTo} in Istio`);
  const objects = match?.objects ?? { listener: undefined, routeConfiguration: undefined, cluster: undefined };
  if (!isFitting(message, applyTo, objects)) return undefined;
  if (value === undefined && operation !== 'REMOVE') {
    reportInvalid(message.context, [...path, 'patch', 'value'], 'is missing', dropped, 'Give the configuration.');
    return undefined;
  }
  return {
    index,
    applyTo,
    operation: operation.startsWith('INSERT') && !insertable.has(applyTo) ? 'ADD' : operation,
    proxy: match?.proxy ?? { proxyVersion: undefined, metadata: {} },
    ...objects,
    value,
  };
}

const insertable: ReadonlySet<ApplyTo> = new Set(['NETWORK_FILTER', 'HTTP_FILTER', 'LISTENER_FILTER', 'HTTP_ROUTE']);

function required<T extends string>(message: Message, name: string, values: readonly T[]): T | undefined {
  const value = enumField(message, name, values);
  if (value !== undefined || message.broken.has(name)) return value;
  const remedy = `Use one of ${values.join(', ')}.`;
  reportInvalid(message.context, [...message.path, name], 'is missing', dropped, remedy);
  message.broken.add(name);
  return undefined;
}

function parseProxy(message: Message): ProxyMatch | undefined {
  const proxy = {
    proxyVersion: stringField(message, 'proxyVersion') || undefined,
    metadata: stringMapField(message, 'metadata'),
  };
  return message.broken.size > 0 ? undefined : proxy;
}

function parseValue(message: Message): ConfigPatch['value'] {
  const { value } = message.fields;
  if (value === undefined || value === null) return undefined;
  if (isRecord(value)) return value;
  reportInvalid(
    message.context,
    [...message.path, 'value'],
    `is ${describe(value)} where a map is expected`,
    dropped,
    "Write a message of Envoy's here.",
  );
  message.broken.add('value');
  return undefined;
}

function withoutEffect(message: Message, path: FieldPath, what: string): undefined {
  report(message.context, path, {
    severity: 'info',
    code: 'TG0008',
    message: `${what}: the patch has no effect here.`,
    remedy: 'Remove it, if it is for this gateway only.',
  });
  return undefined;
}

/** A match of another kind of object would be taken for one of everything. */
function isFitting(message: Message, applyTo: ApplyTo, objects: ObjectMatch): boolean {
  const fitting = matchOf[applyTo];
  const wrong = (['listener', 'routeConfiguration', 'cluster'] as const).find(
    (name) => name !== fitting && objects[name] !== undefined,
  );
  if (wrong !== undefined)
    reportInvalid(
      message.context,
      [...message.path, 'match', wrong],
      `does not go with applyTo ${applyTo}`,
      dropped,
      fitting === undefined ? 'Remove it.' : `Use match.${fitting}.`,
    );
  else if (objects.listener?.filterChain?.subFilter !== undefined && applyTo !== 'HTTP_FILTER')
    reportInvalid(
      message.context,
      [...message.path, 'match', 'listener', 'filterChain', 'filter', 'subFilter'],
      `does not go with applyTo ${applyTo}`,
      dropped,
      'Use it with applyTo HTTP_FILTER only.',
    );
  else return true;
  return false;
}
