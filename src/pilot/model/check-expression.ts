// Whether Envoy takes an expression (CEL): what it refuses would cost the listener, with everybody on it.
import { parse } from '@bufbuild/cel';
import { checkRegex } from './check-regex.ts';

type Expr = NonNullable<ReturnType<typeof parse>['expr']>;

const strings = ['startsWith', 'endsWith', 'contains', 'matches'] as const;
const parts = ['Date', 'DayOfMonth', 'DayOfWeek', 'DayOfYear', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month'];
const conversions = ['int', 'uint', 'double', 'bytes', 'bool', 'dyn', 'type', 'duration', 'timestamp'];

/** What Envoy 1.40 knows, with how many arguments; it has no string(), and no macros that make loops. */
const methods = new Map<string, readonly number[]>([
  ['size', [0]],
  ...strings.map((name) => [name, [1]] as const),
  ...[...parts, 'Seconds'].map((part) => [`get${part}`, [0, 1]] as const),
]);
const functions = new Map<string, readonly number[]>([
  ['size', [1]],
  ...strings.map((name) => [name, [2]] as const),
  ...conversions.map((name) => [name, [1]] as const),
]);
const operators = /^(?:_.+_|[!-]_|@in|_\[_\]|_\?_:_)$/;
const logical = new Set(['_&&_', '_||_']);

const maxLength = 4096;
/** Envoy stops at 32, counting brackets and operators in its own way. */
const maxDepth = 30;

/** Why it cannot be used; undefined if it can. */
export function expressionProblem(text: string): string | undefined {
  if (text.length > maxLength) return `it is longer than ${maxLength} characters`;
  const nesting = bracketDepth(text);
  if (nesting > maxDepth) return tooDeep;
  try {
    const { expr } = parse(text);
    return problemOf(expr) ?? (nesting + depthOf(expr) > maxDepth ? tooDeep : undefined);
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0]?.replace('<input>:', 'at ') : String(error);
  }
}

const tooDeep = 'it is nested too deep';

function bracketDepth(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const char of text) {
    if ('([{'.includes(char)) deepest = Math.max(deepest, ++depth);
    else if (')]}'.includes(char)) depth--;
  }
  return deepest;
}

function childrenOf(expr: Expr | undefined): readonly (Expr | undefined)[] {
  const kind = expr?.exprKind;
  switch (kind?.case) {
    case 'selectExpr':
      return [kind.value.operand];
    case 'listExpr':
      return kind.value.elements;
    case 'callExpr':
      return kind.value.target === undefined ? kind.value.args : [kind.value.target, ...kind.value.args];
    case 'structExpr':
      return kind.value.entries.flatMap(({ keyKind, value }) => [
        ...(keyKind.case === 'mapKey' ? [keyKind.value] : []),
        value,
      ]);
    default:
      return [];
  }
}

/** Chains of && and || are flat for Envoy. */
function depthOf(expr: Expr | undefined): number {
  const inner = childrenOf(expr).reduce((deepest, child) => Math.max(deepest, depthOf(child)), 0);
  const kind = expr?.exprKind;
  return kind?.case === 'callExpr' && logical.has(kind.value.function) ? inner : inner + 1;
}

function problemOf(expr: Expr | undefined): string | undefined {
  const own = ownProblem(expr);
  if (own !== undefined) return own;
  for (const child of childrenOf(expr)) {
    const problem = problemOf(child);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function ownProblem(expr: Expr | undefined): string | undefined {
  const kind = expr?.exprKind;
  switch (kind?.case) {
    case 'callExpr':
      return callProblem(kind.value.function, kind.value.target !== undefined, kind.value.args);
    case 'structExpr':
      return kind.value.messageName === '' ? undefined : `it cannot make a ${kind.value.messageName}`;
    case 'comprehensionExpr':
      return 'Envoy has no macros such as exists() and all()';
    case undefined:
      return 'it is not understood';
    default:
      return undefined;
  }
}

function callProblem(name: string, isMethod: boolean, args: readonly Expr[]): string | undefined {
  if (operators.test(name)) return undefined;
  if (name === 'has') return 'has() wants a field, such as has(request.path)';
  const counts = (isMethod ? methods : functions).get(name);
  if (counts === undefined) return `Envoy has no ${isMethod ? 'method' : 'function'} ${name}()`;
  if (!counts.includes(args.length)) return `${name}() does not take ${args.length} arguments`;
  const last = args.at(-1)?.exprKind;
  const constant = last?.case === 'constExpr' ? last.value.constantKind : undefined;
  if (name !== 'matches' || constant?.case !== 'stringValue') return undefined;
  const problem = checkRegex(constant.value);
  return problem === undefined ? undefined : `its regular expression cannot be used: ${problem}`;
}
