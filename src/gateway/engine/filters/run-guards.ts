// The filters in front of everything else that is done with a request: the first that refuses decides.
import type { Guard, LocalRateLimit } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HttpServing } from '../http/http-serving.ts';
import { authorizeRequest } from './authorize-request.ts';
import { judge, requestAccess } from './check-access.ts';
import { authenticateRequest } from './jwt/authenticate-request.ts';
import { limitBody } from './limit-body.ts';
import { limitRate } from './rate-limit/limit-rate.ts';

export interface GuardedRequest {
  /** Nobody is asked about what leads nowhere. */
  readonly hasRoute: boolean;
  /** What its route or its host says of a rate limit. */
  readonly rateLimit: (filter: string) => LocalRateLimit | 'off' | undefined;
  readonly selectRouteAgain: () => void;
  /** Called once all have let it pass. */
  readonly next: () => void;
}

export function runGuards(
  exchange: Exchange,
  guards: readonly Guard[],
  serving: HttpServing,
  request: GuardedRequest,
): void {
  const { info } = exchange;
  const from = (start: number): void => {
    for (const [index, guard] of guards.entries()) {
      if (index < start) continue;
      if (guard.kind === 'rbac') {
        const { denial, metadata } = judge(guard, requestAccess(exchange), info.metadata, exchange.statistics);
        info.metadata = metadata;
        if (denial === undefined) continue;
        exchange.sendLocalReply({ status: 403, body: 'RBAC: access denied', details: denial });
        return;
      }
      if (guard.kind === 'rate limit') {
        const limit = request.rateLimit(guard.name) ?? guard.limit;
        const refusal = limit === undefined || limit === 'off' ? undefined : limitRate(exchange, limit, serving);
        if (refusal === undefined) continue;
        exchange.sendLocalReply(refusal);
        return;
      }
      if (guard.kind === 'buffer') {
        limitBody(exchange, guard.maxRequestBytes, () => from(index + 1));
        return;
      }
      if (guard.kind === 'jwt') {
        const { refusal, selectsRouteAgain } = authenticateRequest(exchange, guard);
        if (selectsRouteAgain) request.selectRouteAgain();
        if (refusal === undefined) continue;
        exchange.sendLocalReply(refusal);
        return;
      }
      if (!request.hasRoute || !guard.isAsked(info.metadata)) continue;
      authorizeRequest(exchange, guard, serving, request.selectRouteAgain, () => from(index + 1));
      return;
    }
    request.next();
  };
  from(0);
}
