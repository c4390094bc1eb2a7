// A delegate's match inside the match of the rule that delegates: both have to hold. Istio's rules for what fits into what.
import type { NamedMatch, ValueMatch } from '../resources/virtual-service.ts';
import { inIstioOrder } from './build-http-match.ts';
import type { HeaderMatch, ModelHttpMatch, PathMatch } from './model.ts';

export type MergedMatch =
  | { readonly kind: 'merged'; readonly match: ModelHttpMatch }
  /** No request can be told to meet both; `reason` is a clause. */
  | { readonly kind: 'conflict'; readonly reason: string };

/** Where both say something of the same thing the leaf's counts, which is the narrower one. */
export function mergeHttpMatch(root: ModelHttpMatch, leaf: ModelHttpMatch): MergedMatch {
  const reason =
    pathConflict(root.path, leaf.path) ??
    conflictOfNamed('header', root.headers, leaf.headers) ??
    conflictOfNamed('query parameter', root.queryParams, leaf.queryParams) ??
    otherConflict(root, leaf);
  if (reason !== undefined) return { kind: 'conflict', reason };
  const name = leaf.name === undefined || root.name === undefined ? undefined : `${root.name}-${leaf.name}`;
  return {
    kind: 'merged',
    match: {
      index: leaf.index ?? root.index,
      name: name ?? leaf.name ?? root.name,
      path: leaf.path.kind === 'any' ? root.path : leaf.path,
      headers: inIstioOrder(mergeNamed(root.headers, leaf.headers)),
      queryParams: mergeNamed(root.queryParams, leaf.queryParams),
      sourceLabels: { ...root.sourceLabels, ...leaf.sourceLabels },
      sourceNamespace: leaf.sourceNamespace ?? root.sourceNamespace,
      statPrefix: leaf.statPrefix ?? root.statPrefix,
      port: leaf.port ?? root.port,
      gateways: leaf.gateways.length === 0 ? root.gateways : leaf.gateways,
      broken: leaf.broken ?? root.broken,
    },
  };
}

type Matcher = Pick<Exclude<PathMatch, { kind: 'any' }>, 'kind' | 'value'>;

const describe = ({ kind, value }: Matcher): string => `${kind} ${JSON.stringify(value)}`;

/** Whether one regular expression lies within another, or within a prefix, nobody can say. */
function fits(root: Matcher, leaf: Matcher): boolean {
  if (root.kind === 'regex' || leaf.kind === 'regex') return false;
  if (root.kind === 'exact') return leaf.kind === 'exact' && leaf.value === root.value;
  return leaf.value.startsWith(root.value);
}

function conflict(what: string, root: Matcher, leaf: Matcher): string | undefined {
  if (fits(root, leaf)) return undefined;
  return `its ${what} ${describe(leaf)} is not known to lie within ${describe(root)}`;
}

function pathConflict(root: PathMatch, leaf: PathMatch): string | undefined {
  if (root.kind === 'any' || leaf.kind === 'any') return undefined;
  if (root.caseSensitive !== leaf.caseSensitive) return 'only one of the two has ignoreUriCase';
  if (root.caseSensitive) return conflict('uri', root, leaf);
  return conflict('uri', lowerCase(root), lowerCase(leaf));
}

const lowerCase = ({ kind, value }: Matcher): Matcher => ({ kind, value: value.toLowerCase() });

type Named = NamedMatch & Partial<Pick<HeaderMatch, 'invert'>>;

const isSame = (a: Named, b: Named): boolean => a.name === b.name && a.invert === b.invert;

/** Of two matches on one thing that one counts which asks for a value. */
function mergeNamed<T extends Named>(root: readonly T[], leaf: readonly T[]): readonly T[] {
  const known = (match: ValueMatch): boolean => match.kind !== 'present';
  const kept = root.filter((one) => !leaf.some((other) => isSame(one, other) && known(other.match)));
  const added = leaf.filter((one) => known(one.match) || !root.some((other) => isSame(one, other)));
  return [...kept, ...added];
}

function conflictOfNamed(what: string, root: readonly Named[], leaf: readonly Named[]): string | undefined {
  for (const one of leaf) {
    const other = root.find((candidate) => isSame(candidate, one));
    if (other === undefined || other.match.kind === 'present' || one.match.kind === 'present') continue;
    const reason = conflict(`${what} ${one.name}`, other.match, one.match);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function otherConflict(root: ModelHttpMatch, leaf: ModelHttpMatch): string | undefined {
  if (root.port !== undefined && leaf.port !== undefined && root.port !== leaf.port)
    return `its port is ${leaf.port}, not ${root.port}`;
  if (root.sourceNamespace !== undefined && (leaf.sourceNamespace ?? root.sourceNamespace) !== root.sourceNamespace)
    return `its sourceNamespace is ${leaf.sourceNamespace}, not ${root.sourceNamespace}`;
  const label = Object.entries(leaf.sourceLabels).find(([key, value]) => (root.sourceLabels[key] ?? value) !== value);
  if (label !== undefined) return `its sourceLabels want another value of ${label[0]}`;
  const foreign = root.gateways.length === 0 ? undefined : leaf.gateways.find((key) => !root.gateways.includes(key));
  return foreign === undefined ? undefined : `its gateways have ${foreign}, which is none of the other's`;
}
