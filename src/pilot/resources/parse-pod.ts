// Pod: unknown -> PodSpec. Only what a gateway needs is read; the rest of the large API passes unchecked.
import { enumField, messageField, messagesField, portField, stringField } from './fields.ts';
import type { Message } from './message.ts';
import { protocols } from './parse-service.ts';
import type { PodSpec } from './pod.ts';

type ContainerPort = PodSpec['containerPorts'][number];

/** `pod` is the whole object. */
export function parsePod(pod: Message): PodSpec {
  const spec = messageField(pod, 'spec', 'any', (message) => ({
    nodeName: stringField(message, 'nodeName'),
    serviceAccountName: stringField(message, 'serviceAccountName'),
    containers: messagesField(message, 'containers', 'any', (container) =>
      messagesField(container, 'ports', 'any', parseContainerPort),
    ),
  }));
  const status = messageField(pod, 'status', 'any', parseStatus);
  const deleted = messageField(pod, 'metadata', 'any', (metadata) => metadata.fields.deletionTimestamp !== undefined);
  return {
    podIP: status?.podIP,
    ready: (status?.ready ?? true) && deleted !== true,
    nodeName: spec?.nodeName,
    serviceAccountName: spec?.serviceAccountName,
    containerPorts: spec?.containers.flat() ?? [],
  };
}

function parseContainerPort(message: Message): ContainerPort | undefined {
  const containerPort = portField(message, 'containerPort');
  const protocol = enumField(message, 'protocol', protocols) ?? 'TCP';
  if (containerPort === undefined) return undefined;
  return { name: stringField(message, 'name') ?? '', containerPort, protocol };
}

/** Without a Ready condition a Pod counts as ready, so that a hand-written one need not have it. */
function parseStatus(message: Message): { podIP: string | undefined; ready: boolean } {
  const phase = stringField(message, 'phase');
  const conditions = messagesField(message, 'conditions', 'any', (condition) => ({
    type: stringField(condition, 'type'),
    status: stringField(condition, 'status'),
  }));
  const ips = messagesField(message, 'podIPs', 'any', (entry) => stringField(entry, 'ip'));
  const ready = conditions.find((condition) => condition.type === 'Ready');
  return {
    podIP: stringField(message, 'podIP') || ips[0] || undefined,
    ready: phase !== 'Failed' && phase !== 'Succeeded' && (ready === undefined || ready.status === 'True'),
  };
}
