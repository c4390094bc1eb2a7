// DestinationRule: unknown -> DestinationRuleSpec. Parts that cannot be read are left out; the others count.
import { isIP } from 'node:net';
import type {
  ClientTls,
  DestinationRuleSpec,
  LoadBalancerSettings,
  PortTrafficPolicy,
  Subset,
  TrafficPolicy,
  Tunnel,
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
  tunnelFields,
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

const CLOSED = 'Connections are closed.';
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

/** What cannot be read is a tunnel all the same: the endpoint would take bytes that are not for it. */
function parseTunnel(message: Message): TrafficPolicy['tunnel'] {
  const tunnel = messageField(message, 'tunnel', tunnelFields, (field): Tunnel | undefined => {
    const protocol = enumField(field, 'protocol', ['CONNECT', 'POST']) ?? 'CONNECT';
    const targetHost = stringField(field, 'targetHost') ?? '';
    const targetPort = portField(field, 'targetPort');
    const isName = isIP(targetHost) !== 0 || (isHost(targetHost) && !targetHost.startsWith('*'));
    if (targetHost === '') reportMissing(field, 'targetHost', CLOSED, 'Name the host to connect to.');
    else if (!isName) {
      const what = `is ${shorten(targetHost)}, no host`;
      const remedy = 'Write a DNS name or an IP address.';
      reportInvalid(field.context, [...field.path, 'targetHost'], what, CLOSED, remedy);
    }
    if (targetPort === undefined) reportMissing(field, 'targetPort', CLOSED, 'Say which port to connect to.');
    return isName && targetPort !== undefined && field.broken.size === 0
      ? { protocol, targetHost, targetPort }
      : undefined;
  });
  if (message.broken.has('tunnel')) return 'broken';
  if (tunnel !== undefined && message.fields.proxyProtocol !== undefined) {
    const remedy = 'Remove one of them.';
    const path = [...message.path, 'proxyProtocol'];
    reportInvalid(message.context, path, 'stands beside tunnel', 'Both are done; Istio would refuse it.', remedy);
  }
  return tunnel;
}

/** What its answer's end does to Envoy 1.40 a proxy elsewhere could use against the gateway. */
function reportUnsafeTunnel(message: Message, { connectionPool }: PortTrafficPolicy): void {
  if (connectionPool?.h2UpgradePolicy === 'UPGRADE') return;
  report(message.context, [...message.path, 'tunnel', 'protocol'], {
    severity: 'warning',
    code: 'TG0038',
    message:
      'Over HTTP/1.1 the end of the answer to a POST makes Envoy crash; the embedded engine takes it as the end.',
    remedy: 'Use CONNECT, or HTTP/2 with connectionPool.http.h2UpgradePolicy: UPGRADE.',
  });
}

function parseTrafficPolicy(message: Message): TrafficPolicy {
  const policy = portPolicy(message);
  const tunnel = parseTunnel(message);
  if (typeof tunnel === 'object' && tunnel.protocol === 'POST') reportUnsafeTunnel(message, policy);
  return {
    ...policy,
    tunnel,
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
