// DestinationRule: unknown -> DestinationRuleSpec. Parts that cannot be read are left out; the others count.
import type {
  ClientTls,
  DestinationRuleSpec,
  LoadBalancerSettings,
  PortTrafficPolicy,
  Subset,
  TrafficPolicy,
} from './destination-rule.ts';
import {
  clientTlsFields,
  connectionPoolFields,
  loadBalancerFields,
  outlierDetectionFields,
  portLevelSettingsFields,
  proxyProtocolFields,
  retryBudgetFields,
  subsetFields,
  trafficPolicyFields,
  workloadSelectorFields,
} from './destination-rule-fields.ts';
import {
  enumField,
  messageField,
  messagesField,
  portField,
  reportMissing,
  stringField,
  stringMapField,
  stringsField,
} from './fields.ts';
import { type Message, report, reportInvalid, shorten } from './message.ts';
import { isHost, isLabel } from './names.ts';
import { parseClientTls } from './parse-client-tls.ts';
import { parseConnectionPool, parseRetryBudget } from './parse-connection-pool.ts';
import { parseLoadBalancer } from './parse-load-balancer.ts';
import { parseOutlierDetection } from './parse-outlier-detection.ts';
import { portSelectorFields } from './virtual-service-fields.ts';

const NOT_USED = 'The object is not used.';

export function parseDestinationRule(spec: Message): DestinationRuleSpec | undefined {
  const host = parseHost(spec);
  const trafficPolicy = messageField(spec, 'trafficPolicy', trafficPolicyFields, parseTrafficPolicy);
  const subsets = messagesField(spec, 'subsets', subsetFields, parseSubset);
  const exportTo = stringsField(spec, 'exportTo');
  const workloadSelector = messageField(spec, 'workloadSelector', workloadSelectorFields, (selector) =>
    stringMapField(selector, 'matchLabels'),
  );
  if (host === undefined) return undefined;
  return { host, trafficPolicy, subsets: firstOfEachName(spec, subsets), exportTo, workloadSelector };
}

function parseHost(spec: Message): string | undefined {
  const host = stringField(spec, 'host');
  if (!host) {
    reportMissing(spec, 'host', NOT_USED, 'Name the Service that the rule is about.');
    return undefined;
  }
  if (isHost(host)) return host.toLowerCase();
  const remedy = 'Write the name of a Service, a DNS name, or one with `*.` in front.';
  reportInvalid(spec.context, ['spec', 'host'], `is ${shorten(host)}, which is no host`, NOT_USED, remedy);
  return undefined;
}

function parseSubset(message: Message, index: number): Subset | undefined {
  const name = stringField(message, 'name');
  const labels = stringMapField(message, 'labels');
  const trafficPolicy = messageField(message, 'trafficPolicy', trafficPolicyFields, parseTrafficPolicy);
  if (!name) reportMissing(message, 'name', 'Nothing can name the subset.', 'Give it a name.');
  else if (!isLabel(name)) {
    const remedy = 'Use at most 63 of a-z, 0-9 and -.';
    const path = [...message.path, 'name'];
    reportInvalid(message.context, path, `is ${shorten(name)}, no name of a subset`, 'The subset is left out.', remedy);
    // With fewer labels than asked for it would be more endpoints.
  } else if (!message.broken.has('labels')) return { name, labels, trafficPolicy, index };
  return undefined;
}

function firstOfEachName(spec: Message, subsets: readonly Subset[]): readonly Subset[] {
  const byName = new Map<string, Subset>();
  for (const subset of subsets) {
    if (!byName.has(subset.name)) byName.set(subset.name, subset);
    else
      reportInvalid(
        spec.context,
        ['spec', 'subsets', subset.index, 'name'],
        `is ${shorten(subset.name)} again`,
        'The first subset of a name counts.',
        'Give each subset a name of its own.',
      );
  }
  return [...byName.values()];
}

/** What cannot be read is TLS all the same: a policy without it would send in plaintext. */
function parseTls(message: Message): ClientTls | undefined {
  const tls = messageField(message, 'tls', clientTlsFields, parseClientTls);
  return message.broken.has('tls') ? { mode: 'BROKEN' } : tls;
}

function portPolicy(message: Message): PortTrafficPolicy {
  const policy = {
    tls: parseTls(message),
    loadBalancer: messageField(message, 'loadBalancer', loadBalancerFields, parseLoadBalancer),
    connectionPool: messageField(message, 'connectionPool', connectionPoolFields, parseConnectionPool),
    outlierDetection: messageField(message, 'outlierDetection', outlierDetectionFields, parseOutlierDetection),
  };
  if (policy.outlierDetection === undefined) reportIdleFailover(message, policy.loadBalancer);
  return policy;
}

/** Nothing would tell that the endpoints of a locality fail. */
function reportIdleFailover(message: Message, loadBalancer: LoadBalancerSettings | undefined): void {
  for (const [name, setting] of [
    ['localityLbSetting', loadBalancer?.localityLb],
    ['zoneAwareLbSetting', loadBalancer?.zoneAwareLb],
  ] as const)
    if (setting !== undefined && setting.failover.length + setting.failoverPriority.length > 0)
      report(message.context, [...message.path, 'loadBalancer', name], {
        severity: 'warning',
        code: 'IST0106',
        message: `${name} has failover without outlierDetection beside it. Endpoints that fail are not found out.`,
        remedy: 'Add outlierDetection to the same policy.',
      });
}

function parseTrafficPolicy(message: Message): TrafficPolicy {
  return {
    ...portPolicy(message),
    retryBudget: messageField(message, 'retryBudget', retryBudgetFields, parseRetryBudget),
    proxyProtocol: messageField(
      message,
      'proxyProtocol',
      proxyProtocolFields,
      (field) => enumField(field, 'version', ['V1', 'V2']) ?? 'V1',
    ),
    portLevelSettings: messagesField(message, 'portLevelSettings', portLevelSettingsFields, (item) => {
      const port = messageField(item, 'port', portSelectorFields, (selector) => portField(selector, 'number'));
      const policy = portPolicy(item);
      if (port !== undefined) return { port, ...policy };
      reportMissing(item, 'port', 'These settings are left out.', 'Say which port of the Service they are for.');
      return undefined;
    }),
  };
}
