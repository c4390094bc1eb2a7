// The resources of one type: what was accepted, what is known to be missing, what was refused.
import type { ReceivedResource, ReceivedUpdate } from '../../../xds/client/ads-client.ts';
import type { Findings } from './findings.ts';
import { createFindings } from './findings.ts';

export interface Accepted<Value> {
  readonly received: ReceivedResource;
  readonly value: Value;
  readonly warnings: readonly string[];
}

export type ConvertResource<Value> = (received: ReceivedResource, findings: Findings) => Value | undefined;

/** Errors that show only next to the other resources of the type; `others` are those that stay. */
export type CheckAmong<Value> = (value: Value, others: ReadonlyMap<string, Accepted<Value>>) => string | undefined;

export interface AcceptedResources<Value> {
  readonly accepted: ReadonlyMap<string, Accepted<Value>>;
  /** Takes what is good. `NAME: why` for each that is not, a line each; undefined if all are. */
  apply(update: ReceivedUpdate): string | undefined;
  /** Nothing more is to be waited for: it is here, known to be missing, or was refused. */
  isSettled(name: string): boolean;
  /** Missing, or refused without a version to fall back on. */
  readonly without: ReadonlySet<string>;
  /** Whether the server has answered at all. */
  hasArrived(): boolean;
  /** Forgets every other name, and that it was missing or refused. */
  keepOnly(names: ReadonlySet<string>): void;
  /** As if the server had never answered: the subscription has ended. */
  forgetAll(): void;
}

export function createAcceptedResources<Value>(
  convert: ConvertResource<Value>,
  checkAmong: CheckAmong<Value> = () => undefined,
): AcceptedResources<Value> {
  const accepted = new Map<string, Accepted<Value>>();
  const without = new Set<string>();
  let arrived = false;

  /** Undefined is accepted. */
  const take = (received: ReceivedResource): string | undefined => {
    const known = accepted.get(received.name);
    // Equal bytes are the same objects, whatever version the server calls them by.
    if (known && Buffer.compare(known.received.bytes, received.bytes) === 0) {
      accepted.set(received.name, { ...known, received });
      return undefined;
    }
    const findings = createFindings();
    const value = convertSafely(convert, received, findings);
    const [error] = findings.errors;
    if (error !== undefined || value === undefined) return error ?? 'the resource is not usable';
    const conflict = checkAmong(value, accepted);
    if (conflict !== undefined) return conflict;
    accepted.set(received.name, { received, value, warnings: findings.warnings });
    return undefined;
  };

  return {
    accepted,
    without,
    apply: ({ resources, removed }) => {
      arrived = true;
      for (const name of removed) {
        accepted.delete(name);
        without.add(name);
      }
      const errors: string[] = [];
      for (const received of resources) {
        const error = take(received);
        if (error === undefined) without.delete(received.name);
        else {
          errors.push(`${received.name}: ${error}`);
          if (!accepted.has(received.name)) without.add(received.name);
        }
      }
      return errors.length === 0 ? undefined : errors.join('\n');
    },
    isSettled: (name) => accepted.has(name) || without.has(name),
    hasArrived: () => arrived,
    forgetAll: () => {
      arrived = false;
      accepted.clear();
      without.clear();
    },
    keepOnly: (names) => {
      for (const name of accepted.keys()) if (!names.has(name)) accepted.delete(name);
      for (const name of without) if (!names.has(name)) without.delete(name);
    },
  };
}

/** A message that no converter foresaw must cost only itself. */
function convertSafely<Value>(
  convert: ConvertResource<Value>,
  received: ReceivedResource,
  findings: Findings,
): Value | undefined {
  try {
    return convert(received, findings);
  } catch (thrown) {
    findings.reject(thrown instanceof Error ? thrown.message : String(thrown));
    return undefined;
  }
}
