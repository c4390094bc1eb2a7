// Texts with Envoy's command operators, as access logs and the headers of routes have them: literals and compiled operators.
import { hostname } from 'node:os';
import { env } from 'node:process';
import { compileOperator, type Operator, type OperatorEnvironment } from './operators.ts';
import { parseCommandFormat } from './parse-command-format.ts';

export type TemplatePart = string | Operator;

export type CompiledTemplate =
  | {
      readonly kind: 'ok';
      readonly parts: readonly TemplatePart[];
      /** Operators of Envoy's that the engine has no value for. */
      readonly unsupported: readonly string[];
    }
  /** As Envoy words it; the reason of a NACK. */
  | { readonly kind: 'error'; readonly error: string };

export const processEnvironment: OperatorEnvironment = {
  hostname: hostname(),
  now: Date.now,
  variable: (name) => env[name],
};

/** Never throws. */
export function compileTemplate(template: string, environment: OperatorEnvironment): CompiledTemplate {
  const parsed = parseCommandFormat(template);
  if (parsed.kind === 'error') return parsed;
  const parts: TemplatePart[] = [];
  const unsupported: string[] = [];
  for (const part of parsed.parts) {
    if (part.kind === 'text') {
      parts.push(part.text);
      continue;
    }
    const operator = compileOperator(part, environment);
    if (operator.kind === 'error') return operator;
    if (operator.unsupported) unsupported.push(part.name);
    parts.push(operator.value);
  }
  return { kind: 'ok', parts, unsupported };
}
