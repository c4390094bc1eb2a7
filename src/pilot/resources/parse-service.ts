// Service: unknown -> ServiceSpec.
import {
  booleanField,
  enumField,
  givenField,
  messagesField,
  portField,
  reportMissing,
  stringField,
  stringMapField,
} from './fields.ts';
import { describe, type FieldTable, ignored, type Message, reportInvalid, served, tableOf } from './message.ts';
import type { ServicePort, ServiceSpec } from './service.ts';

export const protocols = ['TCP', 'UDP', 'SCTP'] as const;
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'] as const;
const types = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;

export const serviceSpecFields: FieldTable = {
  ...tableOf(
    ['type', 'clusterIP', 'externalName', 'selector', 'ports', 'publishNotReadyAddresses', 'trafficDistribution'],
    served,
  ),
  ...tableOf(
    [
      'allocateLoadBalancerNodePorts',
      'clusterIPs',
      'externalIPs',
      'externalTrafficPolicy',
      'healthCheckNodePort',
      'internalTrafficPolicy',
      'ipFamilies',
      'ipFamilyPolicy',
      'ipFamily',
      'loadBalancerClass',
      'loadBalancerIP',
      'loadBalancerSourceRanges',
      'sessionAffinity',
      'sessionAffinityConfig',
    ],
    ignored,
  ),
};

const portFields = tableOf(['name', 'port', 'protocol', 'appProtocol', 'targetPort', 'nodePort'], served);

export function parseService(spec: Message): ServiceSpec {
  const type = enumField(spec, 'type', types) ?? 'ClusterIP';
  const externalName = stringField(spec, 'externalName') || undefined;
  if (type === 'ExternalName' && externalName === undefined)
    reportMissing(spec, 'externalName', 'The Service leads nowhere.', 'Name the host it stands for.');
  return {
    type,
    externalName,
    clusterIP: stringField(spec, 'clusterIP') || undefined,
    selector: stringMapField(spec, 'selector'),
    ports: withoutDuplicates(spec, messagesField(spec, 'ports', portFields, parsePort)),
    publishNotReadyAddresses: booleanField(spec, 'publishNotReadyAddresses') ?? false,
    trafficDistribution: enumField(spec, 'trafficDistribution', distributions),
  };
}

interface IndexedPort extends ServicePort {
  readonly index: number;
}

function parsePort(message: Message, index: number): IndexedPort | undefined {
  const port = portField(message, 'port');
  const protocol = enumField(message, 'protocol', protocols) ?? 'TCP';
  const rest = {
    name: stringField(message, 'name') ?? '',
    appProtocol: stringField(message, 'appProtocol') || undefined,
    // 0 is how Kubernetes prints "none yet".
    nodePort: message.fields.nodePort === 0 ? undefined : portField(message, 'nodePort'),
  };
  if (port === undefined) {
    reportMissing(message, 'port', 'This port of the Service does not exist.', 'Give the port its number.');
    return undefined;
  }
  // UDP in place of a mistyped TCP would be a guess.
  if (message.broken.has('protocol')) return undefined;
  return { ...rest, index, port, protocol, targetPort: targetPortOf(message) ?? port };
}

function targetPortOf(message: Message): number | string | undefined {
  const value = givenField(message, 'targetPort');
  if (value === undefined || value === 0 || value === '') return undefined;
  if (typeof value === 'string' && !/^\d+$/.test(value)) return value;
  if (typeof value === 'number') return portField(message, 'targetPort');
  const path = [...message.path, 'targetPort'];
  const what =
    typeof value === 'string' ? 'is a number in quotes, which names a container port' : `is ${describe(value)}`;
  const remedy = typeof value === 'string' ? 'Remove the quotes.' : 'Write a number, or the name of a container port.';
  reportInvalid(message.context, path, what, 'The Service port itself is used.', remedy);
  return undefined;
}

/** Kubernetes refuses equal names and equal port numbers of one protocol: the first one counts. */
function withoutDuplicates(spec: Message, ports: readonly IndexedPort[]): readonly ServicePort[] {
  const names = new Set<string>();
  const numbers = new Set<string>();
  const kept: ServicePort[] = [];
  for (const { index, ...port } of ports) {
    const number = `${port.protocol}/${port.port}`;
    const path = [...spec.path, 'ports', index];
    if (numbers.has(number) || (port.name !== '' && names.has(port.name))) {
      const field = numbers.has(number) ? 'port' : 'name';
      const what = 'is used by an earlier port of the Service';
      reportInvalid(spec.context, [...path, field], what, 'This port is left out.', 'Make names and numbers unique.');
      continue;
    }
    if (port.name === '' && ports.length > 1) {
      const remedy = 'Name each port when a Service has several, best by protocol: http-…, tcp-….';
      reportInvalid(spec.context, [...path, 'name'], 'is missing', 'Endpoints find the port by its name.', remedy);
    }
    names.add(port.name);
    numbers.add(number);
    kept.push(port);
  }
  return kept;
}
