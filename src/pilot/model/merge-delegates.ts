// VirtualServices that delegate → the same with the rules of their delegates in place, and what cannot be delegated (Istio's delegate).
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type FieldPath, isOfKind } from '../resources/resource.ts';
import { mergeHttpMatch } from './merge-http-match.ts';
import type { Model, ModelHttpMatch, ModelHttpRule, ModelVirtualService } from './model.ts';
import { type Finding, report } from './report.ts';

/** Of one VirtualService: two short lists multiply. */
const maxMergedMatches = 20_000;

/** What became of one VirtualService. */
export interface Delegation {
  /** As it is written. */
  readonly of: ModelVirtualService;
  /** Whom its rules name, in their order; undefined where there is none of that name. */
  readonly delegates: readonly (ModelVirtualService | undefined)[];
  /** With the rules of its delegates in place. */
  readonly virtualService: ModelVirtualService;
  readonly used: readonly string[];
  /** Of the delegates too. */
  readonly diagnostics: readonly Diagnostic[];
}

type Find = (key: string) => ModelVirtualService | undefined;
type Tell = (virtualService: ModelVirtualService, finding: Omit<Finding, 'code'>) => void;

const telling =
  (diagnostics: Diagnostic[]): Tell =>
  ({ resource }, finding) =>
    void diagnostics.push(report(resource, { code: 'TG0026', ...finding }));

/** Pure. One without hosts, or that does not delegate, stays the object it is. */
export function mergeDelegates(
  root: ModelVirtualService,
  find: Find,
  delegates: Delegation['delegates'],
  likeIstio: Model['likeIstio'],
): Delegation {
  if (root.hosts.length === 0 || delegates.length === 0)
    return { of: root, delegates, virtualService: root, used: [], diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const used = new Set<string>();
  const tell = telling(diagnostics);
  const fallsThrough = likeIstio.has('delegate');
  const http = root.http.flatMap((rule) => expandRule(root, rule, find, used, tell, fallsThrough));
  return { of: root, delegates, virtualService: { ...root, http }, used: [...used], diagnostics };
}

/** `used`: keys of those that a rule delegates to. */
export function checkDelegates(
  delegates: readonly ModelVirtualService[],
  used: ReadonlySet<string>,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const delegate of delegates) checkDelegate(delegate, used.has(delegate.key), telling(diagnostics));
  return diagnostics;
}

function expandRule(
  root: ModelVirtualService,
  rule: ModelHttpRule,
  find: Find,
  used: Set<string>,
  tell: Tell,
  fallsThrough: boolean,
): readonly ModelHttpRule[] {
  if (rule.action.kind !== 'delegate') return [rule];
  const { key } = rule.action;
  used.add(key);
  const delegate = find(key);
  const reason = whyUnusable(root, rule, key, delegate);
  if (delegate === undefined || reason !== undefined) {
    tell(root, {
      severity: 'error',
      path: ['spec', 'http', rule.index, 'delegate'],
      message: `The rule cannot delegate: ${reason}. ${fallsThrough ? 'Later rules take the requests that match it' : 'Requests that match it are answered with 500'}.`,
      remedy: 'Name a VirtualService without hosts whose exportTo lets this namespace see it.',
    });
    return fallsThrough ? [] : [{ ...rule, action: { kind: 'broken', reason: reason ?? '' } }];
  }
  // What a broken match meant is not known: it must not reach the delegate's rules.
  const broken = rule.matches.filter((match) => match.broken !== undefined);
  const usable = { ...rule, matches: rule.matches.filter((match) => match.broken === undefined) };
  return [
    ...(broken.length === 0 ? [] : [{ ...rule, matches: broken }]),
    ...delegate.http.flatMap((leaf) => mergeRule(root, usable, delegate, leaf, tell)),
  ];
}

function whyUnusable(
  root: ModelVirtualService,
  rule: ModelHttpRule,
  key: string,
  delegate: ModelVirtualService | undefined,
): string | undefined {
  if (delegate === undefined) return `there is no VirtualService ${key}`;
  if (delegate.hosts.length > 0) return `VirtualService ${key} has hosts, so it is no delegate`;
  if (delegate.exportTo !== 'all' && !delegate.exportTo.has(root.namespace))
    return `VirtualService ${key} is not exported to namespace ${root.namespace}`;
  const count = delegate.http.reduce((sum, leaf) => sum + leaf.matches.length, 0) * rule.matches.length;
  return count > maxMergedMatches ? `the matches of both come to ${count}, more than ${maxMergedMatches}` : undefined;
}

/** What the leaf leaves open is as the root says. */
function mergeRule(
  root: ModelVirtualService,
  rule: ModelHttpRule,
  delegate: ModelVirtualService,
  leaf: ModelHttpRule,
  tell: Tell,
): readonly ModelHttpRule[] {
  const path: FieldPath = ['spec', 'http', leaf.index];
  const nested = leaf.action.kind === 'delegate';
  if (nested)
    tell(delegate, {
      severity: 'error',
      path: [...path, 'delegate'],
      message: 'A delegate cannot delegate in turn. Requests that match the rule are answered with 500.',
      remedy: 'Delegate to that VirtualService from the one with the hosts.',
    });
  const matches = leaf.matches.flatMap((match) => {
    const merged = rule.matches.map((outer) => mergeHttpMatch(outer, match));
    const fitting = merged.flatMap((one) => (one.kind === 'merged' ? [one.match] : []));
    const [first] = merged;
    if (fitting.length === 0 && first?.kind === 'conflict')
      tell(delegate, conflictFinding(root, rule, path, match, first.reason));
    return fitting;
  });
  if (matches.length === 0) return [];
  const name = leaf.name === undefined || rule.name === undefined ? undefined : `${rule.name}-${leaf.name}`;
  return [
    {
      ...leaf,
      name: name ?? leaf.name ?? rule.name,
      matches,
      action: nested ? { kind: 'broken', reason: 'a delegate cannot delegate in turn' } : leaf.action,
      rewrite: leaf.rewrite ?? rule.rewrite,
      headers: leaf.headers ?? rule.headers,
      timeoutMs: leaf.timeoutMs ?? rule.timeoutMs,
      retries: leaf.retries ?? rule.retries,
      fault: leaf.fault ?? rule.fault,
      corsPolicy: leaf.corsPolicy ?? rule.corsPolicy,
      mirrors: leaf.mirrors ?? rule.mirrors,
    },
  ];
}

const conflictFinding = (
  root: ModelVirtualService,
  rule: ModelHttpRule,
  path: FieldPath,
  match: ModelHttpMatch,
  reason: string,
): Omit<Finding, 'code'> => ({
  severity: 'warning',
  path: match.index === undefined ? path : [...path, 'match', match.index],
  message: `No request gets here from http[${rule.index}] of VirtualService ${root.key}: ${reason}.`,
  remedy: 'Match within what that rule lets through; regular expressions fit into nothing.',
});

function checkDelegate(delegate: ModelVirtualService, isUsed: boolean, tell: Tell): void {
  const { resource } = delegate;
  if (!isUsed) {
    tell(delegate, {
      severity: 'warning',
      path: [],
      message: 'The VirtualService has no host, and no rule delegates to it: it serves no request.',
      remedy: 'Name the hosts it serves, or delegate to it.',
    });
    return;
  }
  for (const field of ['gateways', 'tls', 'tcp'] as const)
    if (isOfKind(resource, 'VirtualService') && resource.spec[field].length > 0)
      tell(delegate, {
        severity: 'warning',
        path: ['spec', field],
        message: `${field} has no effect in a delegate: only its http rules are served.`,
        remedy: 'Remove it; the VirtualService with the hosts says which Gateways serve it.',
      });
}
