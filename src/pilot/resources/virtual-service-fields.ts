// Which fields of Istio's VirtualService are served, and what happens instead of the others.
import { type FieldRule, type FieldTable, isRecord, noEffectHere, served, tableOf } from './message.ts';

export const virtualServiceFields: FieldTable = {
  ...tableOf(['hosts', 'gateways', 'http', 'tls', 'tcp', 'exportTo'], served),
};

export const httpRouteFields: FieldTable = tableOf(
  [
    ...['name', 'match', 'route', 'redirect', 'directResponse', 'delegate', 'rewrite', 'headers', 'timeout', 'retries'],
    ...['fault', 'corsPolicy', 'mirror', 'mirrors', 'mirrorPercentage', 'mirrorPercent', 'mirror_percent'],
  ],
  served,
);

export const redirectFields: FieldTable = tableOf(
  ['uri', 'authority', 'port', 'derivePort', 'scheme', 'redirectCode'],
  served,
);
export const delegateFields: FieldTable = tableOf(['name', 'namespace'], served);
export const directResponseFields: FieldTable = tableOf(['status', 'body'], served);
export const bodyFields: FieldTable = tableOf(['string', 'bytes'], served);

const httpMatchFields: Readonly<Record<string, FieldRule>> = tableOf(
  [
    ...['name', 'uri', 'ignoreUriCase', 'scheme', 'method', 'authority', 'headers', 'withoutHeaders', 'queryParams'],
    ...['port', 'gateways', 'sourceLabels', 'sourceNamespace', 'statPrefix'],
  ],
  served,
);

const listedGateways = 'Istio ignores it in a match that lists gateways.';

const httpMatchWithGatewaysFields: FieldTable = {
  ...httpMatchFields,
  sourceLabels: noEffectHere(listedGateways),
  sourceNamespace: noEffectHere(listedGateways),
};

/** With `gateways` in the match the conditions on the client's workload are void. */
export function httpMatchFieldsOf(match: unknown): FieldTable {
  return isRecord(match) && isFilledList(match.gateways) ? httpMatchWithGatewaysFields : httpMatchFields;
}

const isFilledList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

export const retryFields: FieldTable = tableOf(
  [...['attempts', 'perTryTimeout', 'retryOn', 'retryRemoteLocalities', 'retryIgnorePreviousHosts', 'backoff']],
  served,
);
export const corsPolicyFields: FieldTable = tableOf(
  [
    ...['allowOrigins', 'allowOrigin', 'allowMethods', 'allowHeaders', 'exposeHeaders', 'maxAge', 'allowCredentials'],
    'unmatchedPreflights',
  ],
  served,
);
const onlyFixed = 'Neither Istio nor Envoy does it.';

export const faultFields: FieldTable = tableOf(['delay', 'abort'], served);
export const faultDelayFields: FieldTable = {
  ...tableOf(['fixedDelay', 'percentage', 'percent'], served),
  exponentialDelay: noEffectHere(onlyFixed),
};
export const faultAbortFields: FieldTable = {
  ...tableOf(['httpStatus', 'grpcStatus', 'percentage'], served),
  http2Error: noEffectHere(onlyFixed),
};
export const httpMirrorFields: FieldTable = tableOf(['destination', 'percentage'], served);
export const percentFields: FieldTable = tableOf(['value'], served);
export const rewriteFields: FieldTable = tableOf(['uri', 'authority', 'uriRegexRewrite'], served);
export const regexRewriteFields: FieldTable = tableOf(['match', 'rewrite'], served);
export const headersFields: FieldTable = tableOf(['request', 'response'], served);
export const headerOperationsFields: FieldTable = tableOf(['set', 'add', 'remove'], served);

export const httpRouteDestinationFields: FieldTable = tableOf(['destination', 'weight', 'headers'], served);

export const routeDestinationFields: FieldTable = tableOf(['destination', 'weight'], served);
export const destinationFields: FieldTable = tableOf(['host', 'subset', 'port'], served);
export const portSelectorFields: FieldTable = tableOf(['number'], served);
export const stringMatchFields: FieldTable = tableOf(['exact', 'prefix', 'regex'], served);

const gatewaysLookAtPorts = 'At a gateway only port, gateways and sniHosts decide about a connection, as in Istio.';

export const connectionRouteFields: FieldTable = tableOf(['match', 'route'], served);
export const tcpMatchFields = {
  ...tableOf(['port', 'gateways'], served),
  destinationSubnets: noEffectHere(gatewaysLookAtPorts),
  sourceSubnet: noEffectHere(gatewaysLookAtPorts),
  sourceLabels: noEffectHere(gatewaysLookAtPorts),
  sourceNamespace: noEffectHere(gatewaysLookAtPorts),
} satisfies FieldTable;
export const tlsMatchFields: FieldTable = { ...tcpMatchFields, sniHosts: served };
