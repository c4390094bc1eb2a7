// AuthorizationPolicies → Envoy's RBAC rules, as Istio words them: a policy for each rule, named after it.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type PermissionSchema,
  type PolicySchema,
  type PrincipalSchema,
  type RBAC,
  RBAC_Action,
  RBACSchema,
} from '../../xds/generated/envoy/config/rbac/v3/rbac_pb.ts';
import type { StringMatcherSchema } from '../../xds/generated/envoy/type/matcher/v3/string_pb.ts';
import type { AttributeMatch, AuthorizationPolicy, AuthorizationRule } from '../model/proxy-view.ts';
import { translateClaim, translateTextClaim } from './translate-claim-match.ts';

type MetadataMatcher = ReturnType<typeof translateClaim>;
type Permission = MessageInitShape<typeof PermissionSchema>;
type Principal = MessageInitShape<typeof PrincipalSchema>;
type StringMatcher = MessageInitShape<typeof StringMatcherSchema>;

/** Where the rules are in force. */
export interface RbacPlace {
  /** Connections have no requests: conditions on these allow nothing, and a rule that denies does without them. */
  readonly isTcp: boolean;
  /** Numbers that conditions on the port mean: the Gateway's port and the target port, whatever is bound on this machine. */
  readonly ports: ReadonlySet<number>;
}

const quoted = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
const regex = (pattern: string): StringMatcher => ({ matchPattern: { case: 'safeRegex', value: { regex: pattern } } });

/** `*`, `prefix*`, `*suffix` or the value itself; `lead` stands in front of all of them. */
function stringMatcher(value: string, lead = '', ignoreCase = false): StringMatcher {
  if (value === '*') return regex(lead === '' ? '.+' : `${quoted(lead)}.+`);
  if (value.startsWith('*'))
    return lead === ''
      ? { matchPattern: { case: 'suffix', value: value.slice(1) }, ignoreCase }
      : regex(`${quoted(lead)}.*${quoted(value.slice(1))}`);
  if (value.endsWith('*')) return { matchPattern: { case: 'prefix', value: lead + value.slice(0, -1) }, ignoreCase };
  return { matchPattern: { case: 'exact', value: lead + value }, ignoreCase };
}

/** `{*}` is a segment, `{**}` any number of them. */
function pathMatcher(value: string): StringMatcher {
  if (!/\{\*\*?\}/.test(value)) return stringMatcher(value);
  const parts = value.split(/(\{\*\*?\})/);
  return regex(parts.map((part) => (part === '{*}' ? '[^/]+' : part === '{**}' ? '.*' : quoted(part))).join(''));
}

const headerMatcher = (name: string, value: string, ignoreCase = false) => ({
  name,
  headerMatchSpecifier:
    value === '*'
      ? { case: 'presentMatch' as const, value: true }
      : { case: 'stringMatch' as const, value: stringMatcher(value, '', ignoreCase) },
});

function cidr(block: string) {
  const [addressPrefix = '', length] = block.split('/');
  const prefixLen = length === undefined ? (addressPrefix.includes(':') ? 128 : 32) : Number(length);
  return { addressPrefix, prefixLen };
}

const anything: Permission = { rule: { case: 'any', value: true } };
const nothing: Permission = { rule: { case: 'notRule', value: anything } };
const anybody: Principal = { identifier: { case: 'any', value: true } };
const nobody: Principal = { identifier: { case: 'notId', value: anybody } };

const headerOf = (attribute: string): string | undefined => /^request\.headers\[(.+)\]$/.exec(attribute)?.[1];

const httpOnly = (attribute: string): boolean => attribute.startsWith('request.') || attribute === 'remote.ip';
const isPermission = (attribute: string): boolean =>
  attribute.startsWith('destination.') ||
  attribute === 'connection.sni' ||
  /^request\.(host|method|path)$/.test(attribute);

function permission(attribute: string, value: string, { ports }: RbacPlace): Permission {
  switch (attribute) {
    case 'request.host':
      return { rule: { case: 'header', value: headerMatcher(':authority', value, true) } };
    case 'request.method':
      return { rule: { case: 'header', value: headerMatcher(':method', value) } };
    case 'request.path':
      return { rule: { case: 'urlPath', value: { rule: { case: 'path', value: pathMatcher(value) } } } };
    case 'destination.ip':
      return { rule: { case: 'destinationIp', value: cidr(value) } };
    case 'connection.sni':
      return { rule: { case: 'requestedServerName', value: stringMatcher(value) } };
    default:
      return ports.has(Number(value)) ? anything : nothing;
  }
}

const spiffe = 'spiffe://';
const authenticated = (principalName: StringMatcher): Principal => ({
  identifier: { case: 'authenticated', value: { principalName } },
});

function trustDomain(value: string): StringMatcher {
  if (value === '*') return { matchPattern: { case: 'prefix', value: spiffe } };
  if (!value.includes('*')) return { matchPattern: { case: 'prefix', value: `${spiffe}${value}/` } };
  return regex(`${spiffe}${value.split('*').map(quoted).join('[^/]*')}/.*`);
}

function principal(attribute: string, value: string): Principal {
  const header = headerOf(attribute);
  if (header !== undefined) return { identifier: { case: 'header', value: headerMatcher(header, value) } };
  switch (attribute) {
    case 'source.ip':
      return { identifier: { case: 'directRemoteIp', value: cidr(value) } };
    case 'remote.ip':
      return { identifier: { case: 'remoteIp', value: cidr(value) } };
    case 'source.principal':
      return authenticated(stringMatcher(value, spiffe));
    case 'source.namespace':
      return authenticated(regex(`.*/ns/${value.split('*').map(quoted).join('.*')}/.*`));
    case 'source.serviceAccount': {
      // Other parts may stand between and behind the two.
      const [namespace = '', name = ''] = value.split('/');
      return authenticated(regex(`spiffe://.+/ns/${quoted(namespace)}/(.+/|)sa/${quoted(name)}(/.+)?`));
    }
    case 'source.trustDomain':
      return authenticated(trustDomain(value));
    case 'request.auth.principal':
      return requestPrincipal(value);
    case 'request.auth.audiences':
      return ofClaim(translateClaim(['aud'], stringMatcher(value)));
    case 'request.auth.presenter':
      return ofClaim(translateClaim(['azp'], stringMatcher(value)));
    default:
      return ofClaim(translateClaim(claimPath(attribute), stringMatcher(value)));
  }
}

const ofClaim = (value: MetadataMatcher): Principal => ({ identifier: { case: 'metadata', value } });
const exactly = (value: string): StringMatcher => ({ matchPattern: { case: 'exact', value } });

/** `request.auth.claims[a][b]` → a, b; what is nested in another way is one name. */
function claimPath(attribute: string): readonly string[] {
  const keys = attribute.slice('request.auth.claims['.length, -1);
  const parts = keys.split('][');
  return parts.some((part) => /[[\]]/.test(part)) ? [keys] : parts;
}

/** `issuer/subject`; only one of the two may be open, at the side where a `*` stands. */
function requestPrincipal(value: string): Principal {
  const [issuer, subject] = principalParts(value);
  const ids = [ofClaim(translateTextClaim('iss', issuer)), ofClaim(translateTextClaim('sub', subject))];
  return { identifier: { case: 'andIds', value: { ids } } };
}

function principalParts(value: string): readonly [StringMatcher, StringMatcher] {
  const anything = stringMatcher('*');
  const slash = value.lastIndexOf('/');
  const [issuer, subject] = slash === -1 ? [value, ''] : [value.slice(0, slash), value.slice(slash + 1)];
  if (value === '*') return [anything, anything];
  if (value.startsWith('*'))
    return slash === -1 ? [anything, stringMatcher(value)] : [stringMatcher(issuer), exactly(subject)];
  if (value.endsWith('*'))
    return slash === -1 ? [stringMatcher(value), anything] : [exactly(issuer), stringMatcher(subject)];
  return [exactly(issuer), exactly(subject)];
}

interface Algebra<T> {
  readonly of: (attribute: string, value: string) => T;
  readonly and: (parts: T[]) => T;
  readonly or: (parts: T[]) => T;
  readonly not: (part: T) => T;
  readonly any: T;
}

/** Undefined: it cannot be checked here, and it is not to be done without. */
function conditions<T>(
  matches: readonly AttributeMatch[],
  { isTcp }: RbacPlace,
  allows: boolean,
  algebra: Algebra<T>,
): T | undefined {
  const parts: T[] = [];
  for (const { attribute, values, notValues } of matches) {
    if (isTcp && httpOnly(attribute)) {
      if (allows) return undefined;
      continue;
    }
    if (values.length > 0) parts.push(algebra.or(values.map((value) => algebra.of(attribute, value))));
    if (notValues.length > 0)
      parts.push(algebra.not(algebra.or(notValues.map((value) => algebra.of(attribute, value)))));
  }
  return algebra.and(parts.length === 0 ? [algebra.any] : parts);
}

const permissions = (place: RbacPlace): Algebra<Permission> => ({
  of: (attribute, value) => permission(attribute, value, place),
  and: (rules) => ({ rule: { case: 'andRules', value: { rules } } }),
  or: (rules) => ({ rule: { case: 'orRules', value: { rules } } }),
  not: (rule) => ({ rule: { case: 'notRule', value: rule } }),
  any: anything,
});

const principals: Algebra<Principal> = {
  of: principal,
  and: (ids) => ({ identifier: { case: 'andIds', value: { ids } } }),
  or: (ids) => ({ identifier: { case: 'orIds', value: { ids } } }),
  not: (id) => ({ identifier: { case: 'notId', value: id } }),
  any: anybody,
};

/** Undefined: the rule matches nothing here. */
function translateRule(
  rule: AuthorizationRule,
  place: RbacPlace,
  allows: boolean,
): MessageInitShape<typeof PolicySchema> | undefined {
  if (rule.isBroken && allows) return undefined;
  const of = (isOne: (attribute: string) => boolean) => rule.when.filter(({ attribute }) => isOne(attribute));
  const [forPermissions, forPrincipals] = [of(isPermission), of((attribute) => !isPermission(attribute))];
  const algebra = permissions(place);
  const to = (rule.to.length === 0 ? [[]] : rule.to).flatMap(
    (operation) => conditions([...operation, ...forPermissions], place, allows, algebra) ?? [],
  );
  const from = (rule.from.length === 0 ? [[]] : rule.from).flatMap(
    (source) => conditions([...source, ...forPrincipals], place, allows, principals) ?? [],
  );
  return to.length === 0 || from.length === 0 ? undefined : { permissions: to, principals: from };
}

export interface RbacNames {
  /** In front of the names of the rules. */
  readonly prefix: string;
  readonly suffix: string;
}

const plainNames: RbacNames = { prefix: '', suffix: '' };

/** Of a policy without rules, as Istio writes it down. */
const never: MessageInitShape<typeof PolicySchema> = { permissions: [nothing], principals: [nobody] };

export function translateRbac(
  policies: readonly AuthorizationPolicy[],
  action: 'ALLOW' | 'DENY' | 'LOG',
  place: RbacPlace,
  { prefix, suffix }: RbacNames = plainNames,
): RBAC {
  const entries = policies.flatMap(({ ref, rules }) => {
    const nameOf = (index: number) => `${prefix}ns[${ref.namespace}]-policy[${ref.name}]-rule[${index}]${suffix}`;
    if (rules.length === 0) return [[nameOf(0), never] as const];
    return rules.flatMap((rule) => {
      const policy = translateRule(rule, place, action === 'ALLOW');
      return policy === undefined ? [] : [[nameOf(rule.index), policy] as const];
    });
  });
  // Sorted: equal policies give equal bytes.
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return create(RBACSchema, { action: RBAC_Action[action], policies: Object.fromEntries(entries) });
}
