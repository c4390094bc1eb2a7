// What of an http rule no data plane would take, found before one sees it: Envoy refuses the whole route table for it.
import type { FieldPath } from '../resources/resource.ts';
import type { HeaderOperations, HttpRewrite, HttpRoute } from '../resources/virtual-service.ts';
import { checkCommandFormat } from './check-access-log-format.ts';
import { checkRegex, countGroups } from './check-regex.ts';

export interface Unusable {
  /** Inside the rule. */
  readonly field: FieldPath;
  readonly reason: string;
}

/** The first that is found. */
export function checkHttpRoute(route: HttpRoute): Unusable | undefined {
  return (
    checkRewrite(route.rewrite) ??
    checkHeaders(route.headers, ['headers']) ??
    firstOf(route.route, ({ headers }, index) => checkHeaders(headers, ['route', index, 'headers']))
  );
}

function firstOf<T, R>(items: readonly T[], check: (item: T, index: number) => R | undefined): R | undefined {
  for (const [index, item] of items.entries()) {
    const found = check(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function checkHeaders(operations: HeaderOperations | undefined, field: FieldPath): Unusable | undefined {
  if (operations === undefined) return undefined;
  return firstOf(['request', 'response'] as const, (message) =>
    firstOf(['set', 'add'] as const, (change) =>
      firstOf(operations[message][change], ([name, value]) => {
        const reason = checkCommandFormat(value);
        if (reason === undefined) return undefined;
        return { field: [...field, message, change, name], reason: `in the value of ${name}, ${reason}` };
      }),
    ),
  );
}

function checkRewrite(rewrite: HttpRewrite | undefined): Unusable | undefined {
  const regex = rewrite?.uriRegexRewrite;
  if (regex === undefined) return undefined;
  const wrong = checkRegex(regex.match);
  if (wrong !== undefined)
    return {
      field: ['rewrite', 'uriRegexRewrite', 'match'],
      reason: `its regular expression cannot be used, ${wrong}`,
    };
  const reason = checkSubstitution(regex.match, regex.rewrite);
  return reason === undefined ? undefined : { field: ['rewrite', 'uriRegexRewrite', 'rewrite'], reason };
}

/** `\0` to `\9` and `\\` are all that RE2 knows; where it cannot substitute it leaves the path as it is. */
function checkSubstitution(regex: string, substitution: string): string | undefined {
  const groups = countGroups(regex);
  for (const [text, group] of substitution.matchAll(/\\(\d|\\|[\s\S]|$)/g)) {
    if (group === '\\') continue;
    if (group === undefined || !/^\d$/.test(group)) return `${JSON.stringify(text)} in its rewrite means nothing`;
    if (Number(group) > groups) return `its rewrite names group ${group}, and its match has ${groups}`;
  }
  return undefined;
}
