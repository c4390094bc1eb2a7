// Whether an access log wants a finished request at all (Envoy's access_log_filter).
import type { AccessLogCondition } from '../config/engine-config.ts';
import type { RequestInfo } from '../config/request-info.ts';
import { compileExpression } from './compile-expression.ts';

type Judge = (info: RequestInfo) => boolean;

export function compileAccessLogConditions(conditions: readonly AccessLogCondition[]): Judge {
  const judges = conditions.map(compileCondition);
  return (info) => judges.every((holds) => holds(info));
}

function compileCondition(condition: AccessLogCondition): Judge {
  if (condition.kind === 'expression') {
    const compiled = compileExpression(condition.expression);
    // One that cannot be compiled was refused with its configuration.
    return compiled.kind === 'ok' ? compiled.holds : () => false;
  }
  const { flags } = condition;
  if (flags.length === 0) return (info) => info.responseFlags.length > 0;
  return (info) => info.responseFlags.some((flag) => flags.includes(flag));
}
