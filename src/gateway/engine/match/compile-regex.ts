// Regular expressions of the configuration: RE2's language and limits, because JavaScript's RegExp can take forever on traffic.
import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';

/** Istio's runtime setting `re2.max_program_size.error_level`. */
const maxProgramSize = 32_768;

export type CompiledRegex =
  | {
      readonly kind: 'ok';
      /** Full match, as Envoy's safe_regex. */
      readonly matches: (text: string) => boolean;
      /** Every match in the text with what `substitution` makes of it: `\\0` to `\\9` are groups, `\\\\` is a backslash. */
      readonly replaceAll: (text: string, substitution: string) => string;
    }
  /** In RE2's words, as Envoy passes them on. */
  | { readonly kind: 'error'; readonly error: string };

/** re2js speaks Go's words; Envoy's users know those of the C++ library. */
const re2Words: Readonly<Record<string, string>> = {
  'invalid or unsupported Perl syntax': 'invalid perl operator',
  'missing argument to repetition operator': 'no argument for repetition operator',
  'missing closing ]': 'missing ]',
  'missing closing )': 'missing )',
  'invalid repeat count': 'invalid repetition size',
  'invalid nested repetition operator': 'bad repetition operator',
  'invalid named capture': 'invalid named capture group',
  'trailing backslash at end of expression': 'trailing \\',
};

function tooLarge(source: string, size: number): CompiledRegex {
  const shown = source.length > 200 ? `${source.slice(0, 200)}…` : source;
  return {
    kind: 'error',
    error:
      `regex '${shown}' RE2 program size of ${size} > max program size of ${maxProgramSize} set for the error level ` +
      'threshold. Increase configured max program size if necessary.',
  };
}

/** Never throws. */
export function compileRegex(source: string): CompiledRegex {
  // Every character costs an instruction, near enough: no time is spent on what cannot fit.
  if (source.length > maxProgramSize) return tooLarge(source, source.length);
  try {
    const regex = RE2JS.compile(source);
    const size = regex.programSize();
    if (size > maxProgramSize) return tooLarge(source, size);
    return {
      kind: 'ok',
      matches: (text) => regex.matches(text),
      replaceAll: (text, substitution) => replaceAll(regex, text, substitution),
    };
  } catch (thrown) {
    return { kind: 'error', error: describe(thrown) };
  }
}

/** As RE2's GlobalReplace: an empty match right behind another one does not count. */
function replaceAll(regex: RE2JS, text: string, substitution: string): string {
  const matcher = regex.matcher(text);
  let result = '';
  let position = 0;
  let lastEnd = -1;
  while (position <= text.length && matcher.find(position)) {
    const start = matcher.start();
    const end = matcher.end();
    result += text.slice(position, start);
    if (start === end && start === lastEnd) {
      result += text.slice(start, start + 1);
      position = start + 1;
      continue;
    }
    result += substitution.replace(/\\(\d|\\)/g, (_, group: string) =>
      group === '\\' ? group : (matcher.group(Number(group)) ?? ''),
    );
    position = end;
    lastEnd = end;
  }
  return result + text.slice(position);
}

function describe(thrown: unknown): string {
  if (thrown instanceof RE2JSSyntaxException) {
    const { error, input } = thrown as RE2JSSyntaxException & { error: string; input: string | null };
    const words = re2Words[error] ?? error;
    return input === null ? words : `${words}: ${input}`;
  }
  return thrown instanceof RE2JSException || thrown instanceof Error ? thrown.message : String(thrown);
}
