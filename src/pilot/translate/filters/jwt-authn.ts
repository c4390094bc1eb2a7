// HTTP filter: checks the tokens of requests. One that is there has to be good; none is fine, until a policy wants one.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  JwtAuthenticationSchema,
  type JwtProviderSchema,
  type JwtRequirementSchema,
} from '../../../xds/generated/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts';
import type { JwtProviderView } from '../../model/proxy-view.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

type Requirement = MessageInitShape<typeof JwtRequirementSchema>;

/** Of nobody: there is no private key to it. Envoy would refuse a provider without keys. */
const nobodysKeys = JSON.stringify({
  keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'nobody', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }],
});

/** Where policies and routes find the claims. */
export const jwtFilter = 'envoy.filters.http.jwt_authn';
export const payloadKey = 'payload';

/** Lists of words in one text, by the RFCs (8693 §4.2) or by custom. */
const spaceDelimitedClaims = ['permission', 'scope'];

function translateProvider(view: JwtProviderView): MessageInitShape<typeof JwtProviderSchema> {
  const { issuer, audiences, jwks, fromHeaders, fromParams, fromCookies } = view;
  return {
    issuer,
    audiences: [...audiences],
    jwksSourceSpecifier: {
      case: 'localJwks',
      value: { specifier: { case: 'inlineString', value: jwks ?? nobodysKeys } },
    },
    forward: view.forwardOriginalToken,
    fromHeaders: fromHeaders.map(({ name, prefix }) => ({ name, valuePrefix: prefix })),
    fromParams: [...fromParams],
    fromCookies: [...fromCookies],
    forwardPayloadHeader: view.outputPayloadToHeader ?? '',
    claimToHeaders: view.outputClaimToHeaders.map(({ header, claim }) => ({ headerName: header, claimName: claim })),
    payloadInMetadata: payloadKey,
    normalizePayloadInMetadata: {
      spaceDelimitedClaims: [...new Set([...spaceDelimitedClaims, ...view.spaceDelimitedClaims])].sort(),
    },
    // Routes may match claims.
    clearRouteCache: true,
  };
}

const named = (providerName: string): Requirement => ({ requiresType: { case: 'providerName', value: providerName } });
const anyOf = (requirements: Requirement[]): Requirement => ({
  requiresType: { case: 'requiresAny', value: { requirements } },
});
const orMissing = (name: string): Requirement =>
  anyOf([named(name), { requiresType: { case: 'allowMissing', value: {} } }]);

/** Each token that is there has to be good; or one is, where several providers look at the same place. */
function requirement(names: readonly string[]): Requirement {
  const [only] = names;
  if (names.length === 1 && only !== undefined) return orMissing(only);
  const all: Requirement = { requiresType: { case: 'requiresAll', value: { requirements: names.map(orMissing) } } };
  return anyOf([...names.map(named), all]);
}

export function jwtAuthn(providers: readonly JwtProviderView[]): readonly HttpFilterFeature[] {
  if (providers.length === 0) return [];
  const names = providers.map((_, index) => `origins-${index}`);
  const config = () =>
    create(JwtAuthenticationSchema, {
      providers: Object.fromEntries(providers.map((view, index) => [`origins-${index}`, translateProvider(view)])),
      rules: [
        {
          match: { pathSpecifier: { case: 'prefix', value: '/' } },
          requirementType: { case: 'requires', value: requirement(names) },
        },
      ],
      bypassCorsPreflight: true,
    });
  return [{ name: jwtFilter, config: () => anyPack(JwtAuthenticationSchema, config()) }];
}
