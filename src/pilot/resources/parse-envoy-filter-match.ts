// What a patch of an EnvoyFilter is for: unknown -> the listeners, routes or clusters that it changes.
import type {
  ClusterMatch,
  ConfigPatch,
  FilterChainMatch,
  ListenerMatch,
  RouteAction,
  RouteConfigurationMatch,
} from './envoy-filter.ts';
import { enumField, integerField, messageField, stringField } from './fields.ts';
import { type FieldTable, type Message, noEffectHere, reportInvalid, served, tableOf } from './message.ts';

export const matchFields: FieldTable = {
  ...tableOf(['context', 'proxy', 'listener', 'routeConfiguration', 'cluster'], served),
  waypoint: noEffectHere('A gateway is no waypoint proxy.'),
};
const listenerFields: FieldTable = {
  ...tableOf(['portNumber', 'name', 'listenerFilter', 'filterChain'], served),
  portName: noEffectHere('Istio does not look at it either: the patch is for every port.'),
};
const filterChainFields: FieldTable = tableOf(
  ['name', 'sni', 'transportProtocol', 'applicationProtocols', 'filter', 'destinationPort'],
  served,
);
const filterFields: FieldTable = tableOf(['name', 'subFilter'], served);
const subFilterFields: FieldTable = tableOf(['name'], served);
const routeConfigurationFields: FieldTable = tableOf(['portNumber', 'portName', 'gateway', 'vhost', 'name'], served);
const virtualHostFields: FieldTable = tableOf(['name', 'domainName', 'route'], served);
const routeFields: FieldTable = tableOf(['name', 'action'], served);
const clusterFields: FieldTable = tableOf(['portNumber', 'service', 'subset', 'name'], served);

const routeActions: readonly RouteAction[] = ['ANY', 'ROUTE', 'REDIRECT', 'DIRECT_RESPONSE'];

/** Undefined where it is not set, as protobuf has it. */
const text = (message: Message, name: string): string | undefined => stringField(message, name) || undefined;
const port = (message: Message, name: string): number | undefined =>
  integerField(message, name, 0, 2 ** 32 - 1) || undefined;

export type ObjectMatch = Pick<ConfigPatch, 'listener' | 'routeConfiguration' | 'cluster'>;

/** `broken` of the message has what cannot be read: the patch is then for nothing. */
export function parseObjectMatch(match: Message): ObjectMatch {
  return {
    listener: nested(match, 'listener', listenerFields, parseListener),
    routeConfiguration: nested(match, 'routeConfiguration', routeConfigurationFields, parseRouteConfiguration),
    cluster: nested(match, 'cluster', clusterFields, parseCluster),
  };
}

/** What is broken inside is broken outside too. */
function nested<T>(
  message: Message,
  name: string,
  table: FieldTable,
  parse: (field: Message) => T | undefined,
): T | undefined {
  return messageField(message, name, table, (field) => {
    const parsed = parse(field);
    return field.broken.size > 0 ? undefined : parsed;
  });
}

function parseListener(message: Message): ListenerMatch {
  return {
    portNumber: port(message, 'portNumber'),
    name: text(message, 'name'),
    listenerFilter: text(message, 'listenerFilter'),
    filterChain: nested(message, 'filterChain', filterChainFields, parseFilterChain),
  };
}

function parseFilterChain(message: Message): FilterChainMatch {
  const filter = nested(message, 'filter', filterFields, (field) => ({
    name: requiredName(field),
    subFilter: nested(field, 'subFilter', subFilterFields, requiredName),
  }));
  return {
    name: text(message, 'name'),
    sni: text(message, 'sni'),
    transportProtocol: text(message, 'transportProtocol'),
    applicationProtocols: text(message, 'applicationProtocols')?.split(',') ?? [],
    destinationPort: port(message, 'destinationPort'),
    filter: filter?.name,
    subFilter: filter?.subFilter,
  };
}

function requiredName(message: Message): string | undefined {
  const name = text(message, 'name');
  if (name !== undefined || message.broken.has('name')) return name;
  const remedy = 'Name the filter.';
  reportInvalid(message.context, [...message.path, 'name'], 'is missing', 'The patch is left out.', remedy);
  message.broken.add('name');
  return undefined;
}

function parseRouteConfiguration(message: Message): RouteConfigurationMatch {
  return {
    portNumber: port(message, 'portNumber'),
    portName: text(message, 'portName'),
    gateway: text(message, 'gateway'),
    name: text(message, 'name'),
    vhost: nested(message, 'vhost', virtualHostFields, (field) => ({
      name: text(field, 'name'),
      domainName: text(field, 'domainName'),
      route: nested(field, 'route', routeFields, (route) => ({
        name: text(route, 'name'),
        action: enumField(route, 'action', routeActions) ?? 'ANY',
      })),
    })),
  };
}

function parseCluster(message: Message): ClusterMatch {
  return {
    portNumber: port(message, 'portNumber'),
    service: text(message, 'service'),
    subset: text(message, 'subset'),
    name: text(message, 'name'),
  };
}
