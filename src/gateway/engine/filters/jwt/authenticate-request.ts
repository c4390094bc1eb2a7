// Envoy's jwt_authn: refuses a request whose tokens are not as its rule wants them.
import type { JwtAuthn } from '../../config/engine-config.ts';
import type { Exchange, LocalReply } from '../../http/exchange.ts';
import { getHeader } from '../../http/header-list.ts';
import { requestHeaderValues } from '../../http/request-header-values.ts';
import { matchesRoute } from '../../match/match-route.ts';
import { checkRequirement, missing, ok, type TokenCheck } from './check-tokens.ts';

export interface Authentication {
  /** Undefined: it passes. */
  readonly refusal: LocalReply | undefined;
  readonly selectsRouteAgain: boolean;
}

const passes: Authentication = { refusal: undefined, selectsRouteAgain: false };

export function authenticateRequest(exchange: Exchange, { rules, bypassesPreflight }: JwtAuthn): Authentication {
  if (bypassesPreflight && isPreflight(exchange)) return passes;
  const rule = rules.find(({ match }) =>
    matchesRoute(match, { path: exchange.path, headerValues: (name) => requestHeaderValues(exchange, name) }),
  );
  if (rule?.requires === undefined) return passes;
  const realm = originalUri(exchange);
  const check: TokenCheck = { exchange, now: Date.now(), selectsRouteAgain: false };
  const status = checkRequirement(rule.requires, check);
  if (status === ok) return { refusal: undefined, selectsRouteAgain: check.selectsRouteAgain };
  const error = status === missing ? '' : ', error="invalid_token"';
  return {
    refusal: {
      status: status === 'Audiences in Jwt are not allowed' ? 403 : 401,
      body: status,
      details: `jwt_authn_access_denied{${status.replaceAll(' ', '_')}}`,
      flags: ['UAEX'],
      headers: ['www-authenticate', `Bearer realm="${realm}"${error}`],
    },
    selectsRouteAgain: false,
  };
}

const maxUriLength = 256;

/** What the client asked for; Envoy shows no more of a long one. */
function originalUri({ scheme, authority, path }: Exchange): string {
  return `${scheme}://${authority}${path.split('?', 1)[0]?.slice(0, maxUriLength) ?? ''}`;
}

function isPreflight({ stream, headers }: Exchange): boolean {
  return (
    stream.head.method === 'OPTIONS' &&
    Boolean(getHeader(headers, 'origin')) &&
    Boolean(getHeader(headers, 'access-control-request-method'))
  );
}
