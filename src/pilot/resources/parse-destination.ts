// The destinations of a rule of a VirtualService: unknown -> RouteDestination.
import { integerField, messageField, portField, reportMissing, stringField } from './fields.ts';
import type { Message } from './message.ts';
import { parseHeaderOperations } from './parse-header-operations.ts';
import type { Destination, RouteDestination } from './virtual-service.ts';
import { destinationFields, headersFields, portSelectorFields } from './virtual-service-fields.ts';

const MAX_WEIGHT = 2 ** 31 - 1;
/** Envoy's limit for the weights of one route together. */
const MAX_TOTAL_WEIGHT = 2 ** 32 - 1;

const UNUSABLE = 'The rule cannot be used.';

/** Of an http rule: with changes to headers. */
export function parseHttpRouteDestination(message: Message): RouteDestination | undefined {
  const destination = parseRouteDestination(message);
  const headers = messageField(message, 'headers', headersFields, parseHeaderOperations);
  return destination === undefined || message.broken.has('headers') ? undefined : { ...destination, headers };
}

export function parseRouteDestination(message: Message): RouteDestination | undefined {
  const destination = messageField(message, 'destination', destinationFields, parseDestination);
  const weight = integerField(message, 'weight', 0, MAX_WEIGHT);
  if (destination === undefined) reportMissing(message, 'destination', UNUSABLE, 'Name a destination with its host.');
  if (destination === undefined || message.broken.has('weight')) return undefined;
  return { destination, weight, headers: undefined };
}

export function parseDestination(message: Message): Destination | undefined {
  const host = stringField(message, 'host');
  const subset = stringField(message, 'subset') || undefined;
  const port = messageField(message, 'port', portSelectorFields, (field) => ({
    number: portField(field, 'number'),
    field,
  }));
  if (!host) reportMissing(message, 'host', UNUSABLE, 'Name the Service to send requests to.');
  // Another subset or port than the one asked for would be a guess.
  if (!host || message.broken.size > 0 || port?.field.broken.has('number')) return undefined;
  return { host, subset, port: port?.number };
}

/** Why the weights of a rule with several destinations make no sense, or undefined. */
export function invalidWeights(route: readonly RouteDestination[]): string | undefined {
  if (route.length < 2) return undefined;
  const total = route.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  if (total === 0) return 'the weights of its destinations add up to 0';
  return total > MAX_TOTAL_WEIGHT
    ? `the weights of its destinations add up to more than ${MAX_TOTAL_WEIGHT}`
    : undefined;
}
