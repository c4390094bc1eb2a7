// The fault filter: a share of a route's requests is held back for a while, or answered with an error, or both.
import type { Fault } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import { holdRequest } from './hold-request.ts';

/** Calls `next` unless the request is aborted. `random` gives numbers in [0, 1). */
export function injectFault(exchange: Exchange, fault: Fault, random: () => number, next: () => void): void {
  const { delay } = fault;
  const continueOrAbort = (): void => {
    if (fault.abort === undefined || !isChosen(fault.abort.share, random)) next();
    else abort(exchange, fault.abort);
  };
  if (delay === undefined || !isChosen(delay.share, random)) {
    continueOrAbort();
    return;
  }
  const { fault: counters, faultGauges } = exchange.statistics;
  counters.delays_injected++;
  faultGauges.active_faults++;
  exchange.info.flags.add('DI');
  const timer = setTimeout(() => {
    faultGauges.active_faults--;
    held.release(continueOrAbort);
  }, delay.ms);
  const held = holdRequest(exchange, {
    wantedBytes: 0,
    onProgress: () => {},
    onAbort: () => {
      faultGauges.active_faults--;
      clearTimeout(timer);
    },
  });
}

/** Whether a request is of a share (0 to 1) of them. */
export const isChosen = (share: number, random: () => number): boolean => share > 0 && random() < share;

function abort(exchange: Exchange, { status, grpcStatus }: NonNullable<Fault['abort']>): void {
  exchange.statistics.fault.aborts_injected++;
  exchange.sendLocalReply({
    status,
    body: 'fault filter abort',
    details: 'fault_filter_abort',
    flags: ['FI'],
    ...(grpcStatus === undefined ? {} : { grpcStatus }),
  });
}
