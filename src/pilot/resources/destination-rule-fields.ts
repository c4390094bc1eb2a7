// Which fields of Istio's DestinationRule are served, and what happens instead of the others.
import { type FieldTable, noEffectHere, served, tableOf } from './message.ts';

export const destinationRuleFields: FieldTable = tableOf(
  ['host', 'trafficPolicy', 'subsets', 'exportTo', 'workloadSelector'],
  served,
);

export const workloadSelectorFields: FieldTable = tableOf(['matchLabels'], served);
export const subsetFields: FieldTable = tableOf(['name', 'labels', 'trafficPolicy'], served);

const portTrafficPolicyFields = {
  loadBalancer: served,
  connectionPool: served,
  outlierDetection: served,
  tls: served,
} satisfies FieldTable;

export const portLevelSettingsFields: FieldTable = { ...portTrafficPolicyFields, port: served };

export const trafficPolicyFields: FieldTable = {
  ...portTrafficPolicyFields,
  portLevelSettings: served,
  tunnel: served,
  proxyProtocol: served,
  retryBudget: served,
};

export const clientTlsFields: FieldTable = tableOf(
  [
    ...['mode', 'clientCertificate', 'privateKey', 'caCertificates', 'caCrl', 'credentialName', 'subjectAltNames'],
    ...['sni', 'insecureSkipVerify'],
  ],
  served,
);
export const tunnelFields: FieldTable = tableOf(['protocol', 'targetHost', 'targetPort'], served);
export const proxyProtocolFields: FieldTable = tableOf(['version'], served);
export const connectionPoolFields: FieldTable = tableOf(['tcp', 'http'], served);
export const tcpSettingsFields: FieldTable = tableOf(
  ['maxConnections', 'connectTimeout', 'tcpKeepalive', 'maxConnectionDuration', 'idleTimeout'],
  served,
);
export const tcpKeepaliveFields: FieldTable = tableOf(['probes', 'time', 'interval'], served);
export const httpSettingsFields: FieldTable = tableOf(
  [
    ...['http1MaxPendingRequests', 'http2MaxRequests', 'maxRequestsPerConnection', 'maxRetries', 'idleTimeout'],
    ...['h2UpgradePolicy', 'useClientProtocol', 'maxConcurrentStreams', 'http2KeepAlive'],
  ],
  served,
);
export const http2KeepAliveFields: FieldTable = tableOf(['interval', 'timeout'], served);
export const outlierDetectionFields: FieldTable = {
  ...tableOf(
    [
      ...['consecutive5xxErrors', 'consecutiveGatewayErrors', 'consecutiveLocalOriginFailures', 'interval'],
      ...['splitExternalLocalOriginErrors', 'baseEjectionTime', 'maxEjectionPercent', 'minHealthPercent'],
      'outlierDetectionHttpErrorCodes',
    ],
    served,
  ),
  consecutiveErrors: noEffectHere('Istio ignores it; write consecutive5xxErrors.'),
};
export const retryBudgetFields: FieldTable = tableOf(['percent', 'minRetryConcurrency', 'budgetInterval'], served);

export const loadBalancerFields: FieldTable = {
  ...tableOf(['simple', 'consistentHash', 'warmup', 'warmupDurationSecs'], served),
  ...tableOf(['localityLbSetting', 'zoneAwareLbSetting'], served),
  backendUtilization: noEffectHere('Istio leaves it to an extension that a stock Envoy does not have.'),
};

export const localityLbFields: FieldTable = tableOf(['enabled', 'distribute', 'failover', 'failoverPriority'], served);
export const zoneAwareLbFields: FieldTable = tableOf(
  ['enabled', 'failover', 'failoverPriority', 'minClusterSize'],
  served,
);
/** Of distribute, and of failover. */
export const fromToFields: FieldTable = tableOf(['from', 'to'], served);
export const consistentHashFields: FieldTable = tableOf(
  [
    ...['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName', 'ringHash', 'maglev'],
    'minimumRingSize',
  ],
  served,
);
export const httpCookieFields: FieldTable = tableOf(['name', 'path', 'ttl', 'attributes'], served);
export const cookieAttributeFields: FieldTable = tableOf(['name', 'value'], served);
export const ringHashFields: FieldTable = tableOf(['minimumRingSize'], served);
export const maglevFields: FieldTable = tableOf(['tableSize'], served);
export const warmupFields: FieldTable = tableOf(['duration', 'minimumPercent', 'aggression'], served);
