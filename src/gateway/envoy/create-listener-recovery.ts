// Remembers the listeners Envoy could not open, and has them sent again when there is a chance: Envoy itself never retries a bind.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type Logger, silentLogger } from '../../lib/logger.ts';
import type { BoundListener } from '../data-plane.ts';
import { diagnoseListenerFailure, isBindable, type ListenerFailure, parseListenerFailure } from './listener-failure.ts';

export interface ListenerRecovery {
  /** Takes a message of Envoy's log; true if it told of a failure, which is then logged here, once. */
  note(message: string): boolean;
  /** To be called about once a second with the listeners Envoy has. */
  look(serving: readonly BoundListener[]): Promise<void>;
  /** Envoy ended: a new one starts without listeners. */
  forget(): void;
  failed(): readonly BoundListener[];
  diagnostics(): readonly Diagnostic[];
}

export interface ListenerRecoveryOptions {
  /** Ends the ADS stream: pilot then sends what Envoy says it lacks, and nothing else. */
  readonly resend: () => void;
  readonly logger?: Logger;
  readonly now?: () => number;
  readonly isBindable?: typeof isBindable;
}

interface Entry {
  readonly failure: ListenerFailure;
  readonly text: string;
  reportedAt: number;
}

/** After a free port was found: doubles while the bind fails all the same. */
const firstRetryMs = 500;
const lastRetryMs = 30_000;
/** Without news: a listener that pilot has taken back is only known by not being sent again. */
const firstReviewMs = 15_000;
const lastReviewMs = 120_000;
/** Within this time of a new stream all failures have been reported again. */
const reportWithinMs = 10_000;

export function createListenerRecovery(options: ListenerRecoveryOptions): ListenerRecovery {
  const logger = options.logger ?? silentLogger;
  const now = options.now ?? Date.now;
  const probe = options.isBindable ?? isBindable;
  const failures = new Map<string, Entry>();
  let retryMs = firstRetryMs;
  let reviewMs = firstReviewMs;
  let resentAt = 0;

  const resend = (): void => {
    resentAt = now();
    options.resend();
  };

  const dropSettled = (serving: readonly BoundListener[]): void => {
    for (const [name, { failure, reportedAt }] of failures) {
      const active = serving.find((listener) => listener.name === name && listener.state === 'listening');
      const isServing =
        active !== undefined &&
        (failure.kind === 'rejected' || (active.port === failure.port && active.address === failure.address));
      const isTakenBack = reportedAt < resentAt && now() - resentAt > reportWithinMs;
      if (!isTakenBack && !(isServing && now() - reportedAt > firstRetryMs)) continue;
      failures.delete(name);
      if (isServing) logger.info({ listener: name }, 'the listener serves now');
    }
  };

  return {
    note(message) {
      const failure = parseListenerFailure(message);
      if (failure === undefined) return false;
      const before = failures.get(failure.listener);
      const text = JSON.stringify(failure);
      if (before === undefined || before.text !== text) {
        const { message: told = `Envoy rejected listener ${failure.listener}: ${failure.reason}` } =
          diagnoseListenerFailure(failure) ?? {};
        // It is a Diagnostic too, which is what people read.
        logger.debug({ listener: failure.listener }, told);
        retryMs = firstRetryMs;
        reviewMs = firstReviewMs;
      }
      failures.set(failure.listener, { failure, text, reportedAt: now() });
      return true;
    },
    async look(serving) {
      dropSettled(serving);
      if (failures.size === 0) return;
      const waited = now() - Math.max(resentAt, ...[...failures.values()].map(({ reportedAt }) => reportedAt));
      if (waited > reviewMs) {
        reviewMs = Math.min(2 * reviewMs, lastReviewMs);
        resend();
        return;
      }
      if (waited < retryMs) return;
      for (const { failure } of [...failures.values()]) {
        if (failure.kind !== 'bind' || !(await probe(failure.address, failure.port))) continue;
        logger.info({ listener: failure.listener, port: failure.port }, 'the port is free: the listener is sent again');
        retryMs = Math.min(2 * retryMs, lastRetryMs);
        resend();
        return;
      }
    },
    forget: () => failures.clear(),
    failed: () =>
      [...failures.values()].map(({ failure }) => ({
        name: failure.listener,
        address: failure.kind === 'bind' ? failure.address : '',
        port: failure.kind === 'bind' ? failure.port : 0,
        state: 'failed',
        error: failure.reason,
      })),
    diagnostics: () =>
      [...failures]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, { failure }]) => diagnoseListenerFailure(failure) ?? []),
  };
}
