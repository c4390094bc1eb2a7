// Expressions (CEL) of access log filters, over Envoy's attributes of a finished request.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
import { celEnv, parse, plan } from '@bufbuild/cel';
import type { RequestInfo } from '../config/request-info.ts';
import { attributesOf, unservedAttributes } from './expression-attributes.ts';

type Expr = NonNullable<ReturnType<typeof parse>['expr']>;

export type CompiledExpression =
  | {
      readonly kind: 'ok';
      /** Never throws: what fails, as a header that is not there, does not hold; nor does what is no boolean. */
      readonly holds: (info: RequestInfo) => boolean;
      /** Attributes that Envoy has and the engine has not. */
      readonly unsupported: readonly string[];
    }
  | { readonly kind: 'error'; readonly error: string };

const environment = celEnv();

export function compileExpression(text: string): CompiledExpression {
  try {
    const parsed = parse(text);
    const evaluate = plan(environment, parsed);
    return {
      kind: 'ok',
      holds: (info) => {
        try {
          return evaluate(attributesOf(info)) === true;
        } catch {
          return false;
        }
      },
      unsupported: [...new Set(namesIn(parsed.expr))].filter((name) => unservedAttributes.has(name)).sort(),
    };
  } catch (error) {
    return { kind: 'error', error: error instanceof Error ? error.message : String(error) };
  }
}

/** `request.path` of `request.path.startsWith("/a")`, and `metadata` alone. */
function namesIn(expr: Expr | undefined): readonly string[] {
  const kind = expr?.exprKind;
  switch (kind?.case) {
    case 'identExpr':
      return [kind.value.name];
    case 'selectExpr': {
      const { operand, field } = kind.value;
      const of = operand?.exprKind;
      return of?.case === 'identExpr' ? [of.value.name, `${of.value.name}.${field}`] : namesIn(operand);
    }
    case 'listExpr':
      return kind.value.elements.flatMap(namesIn);
    case 'callExpr':
      return [...namesIn(kind.value.target), ...kind.value.args.flatMap(namesIn)];
    default:
      return [];
  }
}
