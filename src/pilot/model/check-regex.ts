// Tells before a data plane does whether a regular expression is one it takes; a bad one would cost the whole route table.
import { RE2JS } from 're2js';

/** Envoy's `re2.max_program_size.error_level` in the bootstrap, less a margin: two implementations count a little differently. */
const maxProgramSize = 32768;
const margin = 0.75;

/** Bounds the work of compiling: RE2 itself is linear in it. */
export const maxRegexLength = 8192;

/**
 * Envoy 1.40 compiles expressions over bytes (Latin-1), and knows fewer Unicode classes than re2js: these were tried on it.
 * Other scripts exist there too, but a class of bytes has little use for them.
 */
const unicodeClasses = new Set(
  `Any C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs
   Latin Greek Cyrillic Han Hiragana Katakana Hangul Arabic Hebrew Thai Devanagari Common`.split(/\s+/),
);

/** A quotation, a code point, a Unicode class, or any other escape (so that an escaped backslash begins nothing). */
const escapes = /\\Q[\s\S]*?(?:\\E|$)|\\x\{([0-9A-Fa-f]+)\}|\\[pP]\{\^?([^}]*)\}|\\[\s\S]/g;

function unknownToEnvoy(regex: string): string | undefined {
  for (const [text, codePoint, unicodeClass] of regex.matchAll(escapes)) {
    if (codePoint !== undefined && Number.parseInt(codePoint, 16) > 0xff) return `${text} is beyond a byte`;
    if (unicodeClass !== undefined && !unicodeClasses.has(unicodeClass)) return `Envoy does not know ${text}`;
  }
  return undefined;
}

/** Undefined if the data planes take it, else why not. */
export function checkRegex(regex: string): string | undefined {
  if (regex === '') return 'it is empty';
  if (regex.length > maxRegexLength) return `it is longer than ${maxRegexLength} characters`;
  try {
    const size = RE2JS.compile(regex).programSize();
    if (size > maxProgramSize * margin) return `its compiled size of ${size} exceeds what Envoy allows`;
    return unknownToEnvoy(regex);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Of an expression that `checkRegex` takes. */
export function countGroups(regex: string): number {
  return RE2JS.compile(regex).groupCount();
}

/** True if a `|` stands outside of all groups and classes: then nothing at the front binds the whole. */
function hasTopLevelAlternation(regex: string): boolean {
  let depth = 0;
  let inClass = false;
  for (let i = 0; i < regex.length; i += 1) {
    const character = regex[i];
    if (character === '\\') i += 1;
    else if (character === ']') inClass = false;
    else if (inClass) continue;
    else if (character === '[') inClass = true;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === '|' && depth <= 0) return true;
  }
  return false;
}

/** The characters every match begins with: up to the first that means something to a regex, or is followed by a quantifier. */
export function literalPrefix(regex: string): string {
  if (hasTopLevelAlternation(regex)) return '';
  const body = regex.startsWith('^') ? regex.slice(1) : regex;
  const literal = /^[^\\.[\](){}*+?^$|]*/.exec(body)?.[0] ?? '';
  return /^[*?{]/.test(body.slice(literal.length)) ? literal.slice(0, -1) : literal;
}
