// Role-based access control: trees of permissions and principals → predicates. What cannot be judged refuses the listener.
import { BlockList, isIP } from 'node:net';
import type { CidrRange } from '../../../xds/generated/envoy/config/core/v3/address_pb.ts';
import {
  RBAC_Action as Action,
  type Permission,
  type Principal,
  type RBAC,
} from '../../../xds/generated/envoy/config/rbac/v3/rbac_pb.ts';
import type { HeaderMatcher as EnvoyHeaderMatcher } from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import type { StringMatcher } from '../../../xds/generated/envoy/type/matcher/v3/string_pb.ts';
import { matchesHeader } from '../match/match-predicates.ts';
import { convertMetadataMatcher } from './convert-metadata-matcher.ts';
import { convertHeaderMatcher } from './convert-route-predicates.ts';
import { convertStringMatcher } from './convert-string-matcher.ts';
import type { AccessCheck, AccessControl, Rbac } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { snakeCase } from './warn-unhandled-fields.ts';

/** Envoy's two RBAC filters are alike in this. */
export interface RbacFields {
  readonly rules?: RBAC | undefined;
  readonly rulesStatPrefix?: string;
  readonly shadowRules?: RBAC | undefined;
  readonly shadowRulesStatPrefix: string;
}

export const rbacFields = ['rules', 'rulesStatPrefix', 'shadowRules', 'shadowRulesStatPrefix'];

export function convertRbac(fields: RbacFields, namespace: string, findings: Findings): Rbac {
  return {
    kind: 'rbac',
    namespace,
    rules: convertRules(fields.rules, findings),
    rulesPrefix: fields.rulesStatPrefix,
    shadowRules: convertRules(fields.shadowRules, findings),
    shadowRulesPrefix: fields.shadowRulesStatPrefix,
  };
}

const actions: Readonly<Record<Action, AccessControl['action']>> = {
  [Action.ALLOW]: 'allow',
  [Action.DENY]: 'deny',
  [Action.LOG]: 'log',
};

function convertRules(rules: RBAC | undefined, findings: Findings): AccessControl | undefined {
  if (rules === undefined) return undefined;
  const policies = Object.entries(rules.policies).map(([name, policy]) => {
    if (policy.condition || policy.checkedCondition) unsupported('condition', findings);
    if (policy.permissions.length === 0)
      findings.constraint('Policy', 'Permissions', 'value must contain at least 1 item(s)');
    if (policy.principals.length === 0)
      findings.constraint('Policy', 'Principals', 'value must contain at least 1 item(s)');
    const permitted = anyOf(policy.permissions.map((one) => convertPermission(one, findings)));
    const isPrincipal = anyOf(policy.principals.map((one) => convertPrincipal(one, findings)));
    return { name, matches: allOf([permitted, isPrincipal]) };
  });
  policies.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { action: actions[rules.action] ?? 'deny', policies };
}

const anyOf =
  (checks: readonly AccessCheck[]): AccessCheck =>
  (access) =>
    checks.some((check) => check(access));
const allOf =
  (checks: readonly AccessCheck[]): AccessCheck =>
  (access) =>
    checks.every((check) => check(access));

/** A guard that is passed over would let somebody in. */
function unsupported(what: string, findings: Findings): AccessCheck {
  findings.reject(`RBAC ${what} is not supported by the embedded engine, which serves nothing unguarded`);
  return () => false;
}

function convertPermission({ rule }: Permission, findings: Findings): AccessCheck {
  switch (rule.case) {
    case 'any':
      return () => true;
    case 'andRules':
      return allOf(rule.value.rules.map((one) => convertPermission(one, findings)));
    case 'orRules':
      return anyOf(rule.value.rules.map((one) => convertPermission(one, findings)));
    case 'notRule': {
      const check = convertPermission(rule.value, findings);
      return (access) => !check(access);
    }
    case 'header':
      return headerCheck(rule.value, findings);
    case 'urlPath':
      return pathCheck(rule.value.rule.case === 'path' ? rule.value.rule.value : undefined, findings);
    case 'destinationIp':
      return addressCheck(rule.value, ({ localIp }) => localIp, findings);
    case 'destinationPort': {
      const port = rule.value;
      return ({ localPort }) => localPort === port;
    }
    case 'requestedServerName':
      return stringCheck(rule.value, ({ serverName }) => [serverName], findings);
    case undefined:
      findings.required('Permission', 'rule');
      return () => false;
    default:
      return unsupported(`permission ${snakeCase(rule.case)}`, findings);
  }
}

function convertPrincipal({ identifier }: Principal, findings: Findings): AccessCheck {
  switch (identifier.case) {
    case 'any':
      return () => true;
    case 'andIds':
      return allOf(identifier.value.ids.map((one) => convertPrincipal(one, findings)));
    case 'orIds':
      return anyOf(identifier.value.ids.map((one) => convertPrincipal(one, findings)));
    case 'notId': {
      const check = convertPrincipal(identifier.value, findings);
      return (access) => !check(access);
    }
    case 'authenticated': {
      const { principalName } = identifier.value;
      if (principalName === undefined) return ({ principals }) => principals.length > 0;
      return stringCheck(principalName, ({ principals }) => principals, findings);
    }
    case 'directRemoteIp':
      return addressCheck(identifier.value, ({ directRemoteIp }) => directRemoteIp, findings);
    case 'remoteIp':
      return addressCheck(identifier.value, ({ remoteIp }) => remoteIp, findings);
    case 'header':
      return headerCheck(identifier.value, findings);
    case 'urlPath':
      return pathCheck(identifier.value.rule.case === 'path' ? identifier.value.rule.value : undefined, findings);
    case 'metadata': {
      const matches = convertMetadataMatcher(identifier.value, findings);
      return matches ? ({ metadata }) => matches(metadata) : unsupported('metadata matcher', findings);
    }
    case undefined:
      findings.required('Principal', 'identifier');
      return () => false;
    default:
      return unsupported(`principal ${snakeCase(identifier.case)}`, findings);
  }
}

function headerCheck(matcher: EnvoyHeaderMatcher, findings: Findings): AccessCheck {
  const converted = convertHeaderMatcher(matcher, findings);
  if (converted === undefined) return unsupported('header matcher', findings);
  return ({ headerValues }) => matchesHeader(converted, headerValues(converted.name));
}

function pathCheck(matcher: StringMatcher | undefined, findings: Findings): AccessCheck {
  if (matcher !== undefined) return stringCheck(matcher, ({ path }) => (path === undefined ? [] : [path]), findings);
  findings.required('PathMatcher', 'rule');
  return () => false;
}

function stringCheck(
  matcher: StringMatcher,
  values: (access: Parameters<AccessCheck>[0]) => readonly string[],
  findings: Findings,
): AccessCheck {
  const converted = convertStringMatcher(matcher, findings);
  if (converted === undefined) return unsupported('string matcher', findings);
  return (access) => values(access).some((value) => converted.matches(value));
}

function addressCheck(
  range: CidrRange,
  addressOf: (access: Parameters<AccessCheck>[0]) => string,
  findings: Findings,
): AccessCheck {
  const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
  const list = new BlockList();
  try {
    list.addSubnet(range.addressPrefix, range.prefixLen ?? 0, family(range.addressPrefix));
  } catch {
    findings.reject(`malformed IP address: ${range.addressPrefix}`);
  }
  return (access) => {
    const address = addressOf(access);
    return isIP(address) !== 0 && list.check(address, family(address));
  };
}
