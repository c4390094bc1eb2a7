// Stops a bomb of brackets before the parser sees it: building a tree that deep takes the library seconds and a gigabyte.
import { Lexer } from 'yaml';
import { MAX_NESTING } from './limits.ts';

/** Levels inside one line. Levels by indentation take a line each, and text grows with their square. */
export function nestsTooDeep(text: string): boolean {
  if (!mayNestDeep(text)) return false;
  let flow = 0;
  let compact = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow += 1;
    else if (token === ']' || token === '}') flow -= 1;
    else if (token === '-' || token === '?') compact += 1;
    else if (token === '\n') compact = 0;
    if (flow > MAX_NESTING || compact > MAX_NESTING) return true;
  }
  return false;
}

/** A scan that is quick where it says no, as for nearly all manifests: cutting into tokens costs a third of parsing. */
function mayNestDeep(text: string): boolean {
  if (compactLevels.test(text)) return true;
  let brackets = 0;
  for (const _ of text.matchAll(/[[{]/g)) {
    brackets += 1;
    if (brackets > MAX_NESTING) return true;
  }
  return false;
}

const compactLevels = new RegExp(`(?:[-?][ \\t]+){${MAX_NESTING}}`);
