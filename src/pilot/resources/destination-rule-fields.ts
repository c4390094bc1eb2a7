// Which fields of Istio's DestinationRule are served, and what happens instead of the others.
import { type FieldTable, noEffectHere, served, tableOf, unsupported } from './message.ts';

export const destinationRuleFields: FieldTable = tableOf(
  ['host', 'trafficPolicy', 'subsets', 'exportTo', 'workloadSelector'],
  served,
);

export const workloadSelectorFields: FieldTable = tableOf(['matchLabels'], served);
export const subsetFields: FieldTable = tableOf(['name', 'labels', 'trafficPolicy'], served);

const portTrafficPolicyFields = {
  loadBalancer: served,
  connectionPool: unsupported('There are no limits.'),
  outlierDetection: unsupported('No endpoint is ejected.'),
  tls: unsupported('Endpoints are spoken to in plaintext.'),
} satisfies FieldTable;

export const portLevelSettingsFields: FieldTable = { ...portTrafficPolicyFields, port: served };

export const trafficPolicyFields: FieldTable = {
  ...portTrafficPolicyFields,
  portLevelSettings: served,
  tunnel: unsupported('Connections are not tunneled.'),
  proxyProtocol: unsupported('Endpoints get no PROXY header.'),
  retryBudget: unsupported('Retries are not limited.'),
};

export const loadBalancerFields: FieldTable = {
  ...tableOf(['simple', 'consistentHash', 'warmup', 'warmupDurationSecs'], served),
  localityLbSetting: unsupported('All localities count the same.'),
  zoneAwareLbSetting: unsupported('All zones count the same.'),
  backendUtilization: noEffectHere('Istio leaves it to an extension that a stock Envoy does not have.'),
};

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
