// The fault filter: a share of a route's requests is held back for a while, or answered with an error, or both.
import type { Fault } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HeaderList } from '../http/header-list.ts';

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
  exchange.info.flags.add('DI');
  holdRequest(exchange, delay.ms, continueOrAbort);
}

/** Whether a request is of a share (0 to 1) of them. */
export const isChosen = (share: number, random: () => number): boolean => share > 0 && random() < share;

function abort(exchange: Exchange, { status, grpcStatus }: NonNullable<Fault['abort']>): void {
  exchange.sendLocalReply({
    status,
    body: 'fault filter abort',
    details: 'fault_filter_abort',
    flags: ['FI'],
    ...(grpcStatus === undefined ? {} : { grpcStatus }),
  });
}

/** What comes of the body meanwhile waits: the first piece of it stops the client. */
function holdRequest(exchange: Exchange, ms: number, next: () => void): void {
  const { events, stream, info } = exchange;
  const held: Buffer[] = [];
  let end: { readonly trailers: HeaderList | undefined } | undefined;
  const timer = setTimeout(() => {
    info.heldUntil = performance.now();
    events.onData = () => {};
    events.onRequestEnd = () => {};
    events.onAbort = () => {};
    next();
    for (const chunk of held) events.onData(chunk);
    if (end) events.onRequestEnd(end.trailers);
    else if (held.length > 0) stream.resumeBody();
  }, ms);
  events.onData = (chunk) => {
    held.push(chunk);
    stream.pauseBody();
  };
  events.onRequestEnd = (trailers) => {
    end = { trailers };
  };
  events.onAbort = () => clearTimeout(timer);
}
