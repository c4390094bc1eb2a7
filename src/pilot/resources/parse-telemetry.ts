// Telemetry: unknown -> TelemetrySpec.
import {
  booleanField,
  enumField,
  messageField,
  messagesField,
  reportMissing,
  selectorField,
  stringField,
} from './fields.ts';
import { type FieldTable, type Message, noEffectHere, served, tableOf } from './message.ts';
import type { TelemetryLogging, TelemetrySpec } from './telemetry.ts';

const modes = ['CLIENT_AND_SERVER', 'CLIENT', 'SERVER'] as const;
const forGatewayApi = 'It names objects of the Gateway API, which are not served here.';

export const telemetryFields: FieldTable = {
  ...tableOf(['selector', 'accessLogging'], served),
  targetRef: noEffectHere(forGatewayApi),
  targetRefs: noEffectHere(forGatewayApi),
  tracing: noEffectHere('There is no tracer here.'),
  metrics: noEffectHere("Statistics are Envoy's own; Istio's metrics need its own proxy."),
};
const loggingFields: FieldTable = tableOf(['match', 'providers', 'disabled', 'filter'], served);
const matchFields: FieldTable = tableOf(['mode'], served);
const providerFields: FieldTable = tableOf(['name'], served);
const filterFields: FieldTable = tableOf(['expression'], served);

export function parseTelemetry(spec: Message): TelemetrySpec | undefined {
  const selector = selectorField(spec);
  const accessLogging = messagesField(spec, 'accessLogging', loggingFields, parseLogging);
  if (selector === undefined) return undefined;
  const targets = [spec.fields.targetRef, spec.fields.targetRefs].filter(
    (value) => value !== undefined && value !== null,
  );
  return { selector, isForOthers: targets.length > 0, accessLogging };
}

function parseLogging(message: Message, index: number): TelemetryLogging | undefined {
  const mode = messageField(message, 'match', matchFields, (match) => enumField(match, 'mode', modes) ?? modes[0]);
  const providers = messagesField(message, 'providers', providerFields, (provider) => {
    const name = stringField(provider, 'name');
    if (!name) reportMissing(provider, 'name', 'It is left out.', 'Name an extensionProvider of the mesh settings.');
    return { name };
  });
  const expression = messageField(message, 'filter', filterFields, (filter) => ({
    text: stringField(filter, 'expression') || undefined,
  }));
  if (message.broken.size > 0) return undefined;
  return {
    providers: providers.flatMap(({ name }) => name || []),
    disabled: booleanField(message, 'disabled') ?? false,
    expression: expression?.text,
    isForClients: mode !== 'SERVER',
    index,
  };
}
