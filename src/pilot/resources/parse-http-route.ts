// One http rule of a VirtualService: unknown -> HttpRoute. A rule that cannot be used stays, answers 500, and never widens.
import { durationField, givenField, messageField, messagesField, reportMissing, stringField } from './fields.ts';
import { type Message, report, reportInvalid } from './message.ts';
import { parseCorsPolicy } from './parse-cors-policy.ts';
import { invalidWeights, parseHttpRouteDestination } from './parse-destination.ts';
import { parseDirectResponse } from './parse-direct-response.ts';
import { parseFault } from './parse-fault.ts';
import { parseHeaderOperations } from './parse-header-operations.ts';
import { parseHttpMatches } from './parse-http-match.ts';
import { parseMirrors } from './parse-mirror.ts';
import { parseRedirect } from './parse-redirect.ts';
import { parseRetry } from './parse-retry.ts';
import { parseRewrite } from './parse-rewrite.ts';
import type { Delegate, HttpRoute, RouteDestination } from './virtual-service.ts';
import {
  corsPolicyFields,
  delegateFields,
  directResponseFields,
  faultFields,
  headersFields,
  httpRouteDestinationFields,
  redirectFields,
  retryFields,
  rewriteFields,
} from './virtual-service-fields.ts';

export function parseHttpRoute(message: Message, index: number): HttpRoute {
  const route = messagesField(message, 'route', httpRouteDestinationFields, parseHttpRouteDestination);
  const redirect = messageField(message, 'redirect', redirectFields, parseRedirect);
  const directResponse = messageField(message, 'directResponse', directResponseFields, parseDirectResponse);
  const delegate = messageField(message, 'delegate', delegateFields, parseDelegate);
  const rewrite = messageField(message, 'rewrite', rewriteFields, parseRewrite);
  const headers = messageField(message, 'headers', headersFields, parseHeaderOperations);
  const answer = redirect ? 'redirect' : directResponse && 'directResponse';
  const invalid = invalidReason(message, route, answer ?? (delegate && 'delegate'));
  if (answer !== undefined) {
    reportBeside(message, answer);
    reportWithoutEffect(message, answer);
  }
  if (answer === undefined && route.length > 0 && delegate !== undefined) reportBeside(message, 'route');
  if (invalid !== undefined)
    report(message.context, message.path, {
      severity: 'error',
      code: 'TG0017',
      message: `The rule cannot be used: ${invalid}. Requests that match it are answered with 500.`,
      remedy: 'Give the rule a route with usable destinations and weights.',
    });
  return {
    index,
    name: stringField(message, 'name') || undefined,
    match: parseHttpMatches(message),
    route,
    redirect,
    directResponse,
    delegate,
    rewrite,
    headers,
    timeoutMs: durationField(message, 'timeout'),
    fault: messageField(message, 'fault', faultFields, parseFault),
    retries: messageField(message, 'retries', retryFields, parseRetry),
    corsPolicy: messageField(message, 'corsPolicy', corsPolicyFields, parseCorsPolicy),
    mirrors: parseMirrors(message),
    invalid,
  };
}

function invalidReason(
  message: Message,
  route: readonly RouteDestination[],
  instead: 'redirect' | 'directResponse' | 'delegate' | undefined,
): string | undefined {
  for (const name of ['redirect', 'directResponse', 'delegate'])
    if (message.broken.has(name)) return `its ${name} is not usable`;
  // Without them a request would go where it must not, or with headers that were to be taken from it.
  for (const name of ['rewrite', 'headers'])
    if (message.broken.has(name)) return `its ${name} ${name === 'headers' ? 'are' : 'is'} not usable`;
  if (instead === 'redirect' || instead === 'directResponse') return undefined;
  if (message.broken.has('route')) return 'one of its destinations is not usable';
  if (route.length > 0) return invalidWeights(route);
  return instead === 'delegate' ? undefined : 'it has no route';
}

function parseDelegate(message: Message): Delegate | undefined {
  const name = stringField(message, 'name') || undefined;
  const namespace = stringField(message, 'namespace') || undefined;
  if (name === undefined) reportMissing(message, 'name', 'The rule cannot be used.', 'Name the VirtualService.');
  return name === undefined || message.broken.size > 0 ? undefined : { name, namespace };
}

/** What cannot stand beside each, in the order in which one is preferred. */
const excluded: Readonly<Record<'redirect' | 'directResponse' | 'route', readonly string[]>> = {
  redirect: ['directResponse', 'route', 'delegate', 'rewrite'],
  directResponse: ['route', 'delegate', 'rewrite'],
  route: ['delegate'],
};

/** A rule does one thing: what loses is said, since Kubernetes would have refused the object. */
function reportBeside(message: Message, winner: keyof typeof excluded): void {
  for (const name of excluded[winner]) {
    const value = givenField(message, name);
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const consequence = `The ${winner} is done, the ${name} is not.`;
    reportInvalid(
      message.context,
      [...message.path, name],
      `stands beside a ${winner}`,
      consequence,
      'Keep one of them.',
    );
  }
}

const ofForwarding: Readonly<Record<string, string>> = {
  corsPolicy: "the gateway's own answers get no CORS headers, as in Istio",
  mirror: 'nothing is forwarded that could be copied',
  mirrors: 'nothing is forwarded that could be copied',
};

/** Fields that are of forwarded requests only. */
function reportWithoutEffect(message: Message, answer: string): void {
  for (const [name, reason] of Object.entries(ofForwarding))
    if (givenField(message, name) !== undefined)
      report(message.context, [...message.path, name], {
        severity: 'warning',
        code: 'TG0008',
        message: `${name} has no effect beside a ${answer}: ${reason}.`,
        remedy: 'Remove it.',
      });
}
