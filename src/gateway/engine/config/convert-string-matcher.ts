// Envoy's StringMatcher: a predicate over one value, compiled once.
import type { StringMatcher as EnvoyStringMatcher } from '../../../xds/generated/envoy/type/matcher/v3/string_pb.ts';
import { compileRegex } from '../match/compile-regex.ts';
import type { ValueMatcher } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { snakeCase } from './warn-unhandled-fields.ts';

/** ASCII letters only, as Envoy. */
const lowerCase = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

function compare(
  kind: 'exact' | 'prefix' | 'suffix' | 'contains',
  expected: string,
  ignoreCase: boolean,
): ValueMatcher['matches'] {
  const wanted = ignoreCase ? lowerCase(expected) : expected;
  const read = ignoreCase ? lowerCase : (value: string) => value;
  switch (kind) {
    case 'exact':
      return (value) => read(value) === wanted;
    case 'prefix':
      return (value) => read(value).startsWith(wanted);
    case 'suffix':
      return (value) => read(value).endsWith(wanted);
    case 'contains':
      return (value) => read(value).includes(wanted);
  }
}

/** Undefined together with an error or a warning: then nothing may match. */
export function convertStringMatcher(matcher: EnvoyStringMatcher, findings: Findings): ValueMatcher | undefined {
  const { matchPattern, ignoreCase } = matcher;
  switch (matchPattern.case) {
    case 'exact':
      return { text: `= ${matchPattern.value}`, matches: compare('exact', matchPattern.value, ignoreCase) };
    case 'prefix':
    case 'suffix':
    case 'contains': {
      const { case: kind, value } = matchPattern;
      const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
      if (value === '') findings.constraint('StringMatcher', name, 'value length must be at least 1 characters');
      return { text: `${kind} ${value}`, matches: compare(kind, value, ignoreCase) };
    }
    case 'safeRegex': {
      const { regex } = matchPattern.value;
      if (regex === '') {
        findings
          .within('StringMatcher', 'SafeRegex')
          .constraint('RegexMatcher', 'Regex', 'value length must be at least 1 characters');
        return undefined;
      }
      const compiled = compileRegex(regex);
      if (compiled.kind === 'ok') return { text: `regex ${regex}`, matches: compiled.matches };
      findings.reject(compiled.error);
      return undefined;
    }
    case undefined:
      findings.required('StringMatcher', 'match_pattern');
      return undefined;
    default:
      findings.warn(`${snakeCase(matchPattern.case)} is not supported by the embedded engine: it matches nothing`);
      return undefined;
  }
}
