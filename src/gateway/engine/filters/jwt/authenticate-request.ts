// Envoy's jwt_authn: refuses a request whose tokens are not as its rule wants them.
import type { JwtAuthn } from '../../config/engine-config.ts';
import type { Exchange, LocalReply } from '../../http/exchange.ts';
import { getHeader, withoutHeaders } from '../../http/header-list.ts';
import { requestHeaderValues } from '../../http/request-header-values.ts';
import { matchesRoute } from '../../match/match-route.ts';
import { refuseHeader } from '../sendable-header.ts';
import { checkRequirement, missing, ok, type TokenCheck } from './check-tokens.ts';

export interface Authentication {
  /** Undefined: it passes. */
  readonly refusal: LocalReply | undefined;
  readonly selectsRouteAgain: boolean;
}

const passes: Authentication = { refusal: undefined, selectsRouteAgain: false };

export function authenticateRequest(
  exchange: Exchange,
  { rules, claimHeaders, bypassesPreflight }: JwtAuthn,
): Authentication {
  // What a client says of claims is not passed on.
  if (claimHeaders.size > 0) exchange.headers = withoutHeaders(exchange.headers, claimHeaders);
  const { jwt } = exchange.statistics;
  if (bypassesPreflight && isPreflight(exchange)) {
    jwt.cors_preflight_bypassed++;
    jwt.allowed++;
    return passes;
  }
  const rule = rules.find(({ match }) =>
    matchesRoute(match, { path: exchange.path, headerValues: (name) => requestHeaderValues(exchange, name) }),
  );
  if (rule?.requires === undefined) {
    jwt.allowed++;
    return passes;
  }
  const realm = originalUri(exchange);
  const check: TokenCheck = { exchange, now: Date.now(), selectsRouteAgain: false, unsendable: undefined };
  const status = checkRequirement(rule.requires, check);
  if (status === ok) {
    jwt.allowed++;
    const { unsendable, selectsRouteAgain } = check;
    return { refusal: unsendable && refuseHeader(unsendable), selectsRouteAgain };
  }
  jwt.denied++;
  const error = status === missing ? '' : ', error="invalid_token"';
  return {
    refusal: {
      status: status === 'Audiences in Jwt are not allowed' ? 403 : 401,
      body: status,
      details: `jwt_authn_access_denied{${status.replaceAll(' ', '_')}}`,
      headers: ['www-authenticate', `Bearer realm="${realm}"${error}`],
    },
    selectsRouteAgain: false,
  };
}

const maxPathLength = 256;

/** What the client asked for; Envoy shows no more of a long path. */
function originalUri({ scheme, authority, path }: Exchange): string {
  return `${scheme}://${authority}${path.slice(0, maxPathLength)}`;
}

function isPreflight({ stream, headers }: Exchange): boolean {
  return (
    stream.head.method === 'OPTIONS' &&
    Boolean(getHeader(headers, 'origin')) &&
    Boolean(getHeader(headers, 'access-control-request-method'))
  );
}
