// jwt_authn → the tokens that requests need. What cannot be judged refuses the listener: it would let somebody in.
import type { Message } from '@bufbuild/protobuf';
import type {
  JwtProvider as EnvoyProvider,
  JwtRequirement as EnvoyRequirement,
  JwtAuthentication,
  RequirementRule,
} from '../../../xds/generated/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts';
import { convertRouteMatch, matchesNothing } from './convert-route.ts';
import type { Findings } from './findings.ts';
import type { JwtAuthn, JwtProvider, JwtRequirement, JwtRule } from './jwt-config.ts';
import { readDataText } from './read-data-source.ts';
import { readJwks } from './read-jwks.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const authnFields = new Set(['providers', 'rules', 'bypassCorsPreflight']);
const providerFields = new Set([
  ...['issuer', 'audiences', 'jwksSourceSpecifier', 'forward', 'fromHeaders', 'fromParams', 'fromCookies'],
  ...['forwardPayloadHeader', 'padForwardPayloadHeader', 'payloadInMetadata', 'clockSkewSeconds', 'claimToHeaders'],
  ...['clearRouteCache', 'normalizePayloadInMetadata'],
]);

const defaultClockSkew = 60;
const defaultLocations = { headers: [{ name: 'authorization', prefix: 'Bearer ' }], params: ['access_token'] };

export function convertJwtAuthn(config: JwtAuthentication, findings: Findings): JwtAuthn {
  refuseOthers(config, authnFields, findings);
  const providers = new Map(
    Object.entries(config.providers).map(([name, provider]) => [name, convertProvider(name, provider, findings)]),
  );
  return {
    kind: 'jwt',
    claimHeaders: new Set([...providers.values()].flatMap(headersOf)),
    rules: config.rules.flatMap((rule) => convertRule(rule, providers, findings) ?? []),
    bypassesPreflight: config.bypassCorsPreflight,
  };
}

const headersOf = ({ payloadHeader, claimHeaders }: JwtProvider): readonly string[] => [
  ...(payloadHeader === undefined ? [] : [payloadHeader]),
  ...claimHeaders.map(({ header }) => header),
];

const unguarded = 'is not supported by the embedded engine, which serves nothing unguarded';

function refuseOthers(message: Message, handled: ReadonlySet<string>, findings: Findings): void {
  if (warnUnhandledFields(message, handled, findings)) findings.reject(`a part of jwt_authn ${unguarded}`);
}

type Providers = ReadonlyMap<string, JwtProvider>;

function convertRule(rule: RequirementRule, providers: Providers, findings: Findings): JwtRule | undefined {
  if (rule.match === undefined) {
    findings.required('RequirementRule', 'match');
    return undefined;
  }
  const match = convertRouteMatch(rule.match, findings);
  if (match === undefined) return undefined;
  if (match === matchesNothing) findings.reject(`a match of jwt_authn ${unguarded}`);
  const { requirementType } = rule;
  if (requirementType.case === 'requires')
    return { match, requires: convertRequirement(requirementType.value, [], providers, findings) };
  if (requirementType.case !== undefined) findings.reject(`requirement_name of jwt_authn ${unguarded}`);
  return { match, requires: undefined };
}

/** `named`: providers beside an allow_missing, which is about their tokens only; empty is all. */
function convertRequirement(
  { requiresType }: EnvoyRequirement,
  named: readonly JwtProvider[],
  providers: Providers,
  findings: Findings,
): JwtRequirement | undefined {
  const find = (name: string): JwtProvider | undefined => {
    const found = providers.get(name);
    if (found === undefined) findings.reject(`Required provider ['${name}'] is not configured.`);
    return found;
  };
  switch (requiresType.case) {
    case 'providerName': {
      const provider = find(requiresType.value);
      return provider && { kind: 'provider', provider, audiences: undefined };
    }
    case 'providerAndAudiences': {
      const { providerName, audiences } = requiresType.value;
      const provider = find(providerName);
      return provider && { kind: 'provider', provider, audiences };
    }
    case 'requiresAll':
      return { kind: 'all', of: convertAll(requiresType.value.requirements, providers, findings) };
    case 'requiresAny':
      return convertAny(requiresType.value.requirements, providers, findings);
    case 'allowMissing':
    case 'allowMissingOrFailed':
      return {
        kind: 'optional',
        providers: named.length > 0 ? named : [...providers.values()],
        forgives: requiresType.case === 'allowMissingOrFailed',
      };
    case undefined:
      return undefined;
  }
}

const convertAll = (
  requirements: readonly EnvoyRequirement[],
  providers: Providers,
  findings: Findings,
): readonly JwtRequirement[] => requirements.flatMap((one) => convertRequirement(one, [], providers, findings) ?? []);

/** What allows missing tokens comes last, and is about those of the providers beside it. */
function convertAny(
  requirements: readonly EnvoyRequirement[],
  providers: Providers,
  findings: Findings,
): JwtRequirement {
  const isOptional = ({ requiresType }: EnvoyRequirement) => requiresType.case?.startsWith('allowMissing') === true;
  const of = convertAll(
    requirements.filter((one) => !isOptional(one)),
    providers,
    findings,
  );
  const optional =
    requirements.find(({ requiresType }) => requiresType.case === 'allowMissingOrFailed') ??
    requirements.find(isOptional);
  const named = of.flatMap((one) => (one.kind === 'provider' ? [one.provider] : []));
  const last = optional && convertRequirement(optional, named, providers, findings);
  return { kind: 'any', of: last ? [...of, last] : of };
}

function convertProvider(name: string, provider: EnvoyProvider, findings: Findings): JwtProvider {
  refuseOthers(provider, providerFields, findings);
  const { jwksSourceSpecifier: source, fromHeaders, fromParams, fromCookies } = provider;
  let keys: JwtProvider['keys'] = [];
  if (source.case === 'localJwks') keys = readJwks(readDataText(source.value, findings)) ?? [];
  else if (source.case === undefined) findings.required('JwtProvider', 'jwks_source_specifier');
  else findings.reject(`remote_jwks ${unguarded}`);
  const isUsual = fromHeaders.length + fromParams.length + fromCookies.length === 0;
  return {
    name,
    issuer: provider.issuer,
    audiences: provider.audiences,
    keys,
    clockSkewSeconds: provider.clockSkewSeconds || defaultClockSkew,
    locations: {
      headers: isUsual
        ? defaultLocations.headers
        : fromHeaders.map((one) => ({ name: one.name.toLowerCase(), prefix: one.valuePrefix })),
      params: isUsual ? defaultLocations.params : fromParams,
      cookies: fromCookies,
    },
    forwards: provider.forward,
    payloadHeader: provider.forwardPayloadHeader.toLowerCase() || undefined,
    padsPayloadHeader: provider.padForwardPayloadHeader,
    claimHeaders: provider.claimToHeaders.map(({ headerName, claimName }) => ({
      header: headerName.toLowerCase(),
      claim: claimName,
    })),
    payloadInMetadata: provider.payloadInMetadata || undefined,
    spaceDelimitedClaims: provider.normalizePayloadInMetadata?.spaceDelimitedClaims ?? [],
    clearsRouteCache: provider.clearRouteCache,
  };
}
