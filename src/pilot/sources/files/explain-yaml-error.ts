// What is wrong with a document, in our words: the YAML library's own messages may quote the source, and the source may be a Secret.
import type { YAMLError } from 'yaml';
import type { ValueProblem } from './build-value.ts';
import { MAX_ALIASED_VALUES, MAX_NESTING, MAX_VALUES } from './limits.ts';

type ErrorCode = YAMLError['code'];

const indent = 'Indent with the same number of spaces at each level.';
const quote = 'Put the value in quotes if it is text.';

export interface Explanation {
  readonly code: 'TG0002' | 'TG0005';
  readonly message: string;
  readonly remedy: string;
}

type Words = Omit<Explanation, 'code'>;

const explanations: Partial<Record<ErrorCode, Words>> = {
  BAD_ALIAS: {
    message: 'An alias has no anchor before it.',
    remedy: 'Define the anchor (&name) first, or quote the text.',
  },
  BAD_COLLECTION_TYPE: { message: 'A tag does not fit its value.', remedy: 'Remove the tag.' },
  BAD_DIRECTIVE: { message: 'A line that starts with % is no YAML directive.', remedy: quote },
  BAD_DQ_ESCAPE: {
    message: 'A backslash in double quotes is followed by something that is no escape.',
    remedy: 'Use single quotes, or write \\\\.',
  },
  BAD_INDENT: { message: 'The indentation does not fit the lines before.', remedy: indent },
  BAD_PROP_ORDER: { message: 'An anchor or tag stands in the wrong place.', remedy: 'Move it in front of the value.' },
  BAD_SCALAR_START: { message: 'A plain value cannot start with this character.', remedy: quote },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'A second `:` follows where a value is expected.',
    remedy: 'Start a new line, or put the value in quotes.',
  },
  BLOCK_IN_FLOW: { message: 'A block stands inside of brackets or braces.', remedy: 'Write the part in one style.' },
  DUPLICATE_KEY: { message: 'A key stands twice in one map.', remedy: 'Remove one of them.' },
  KEY_OVER_1024_CHARS: { message: 'A key is longer than 1024 characters.', remedy: 'Check for a missing quote.' },
  MISSING_CHAR: {
    message: 'A quote, bracket, brace, comma or space is missing.',
    remedy: 'Close what is open: the file may also be cut off.',
  },
  MULTILINE_IMPLICIT_KEY: { message: 'A key goes over several lines.', remedy: 'Is a `:` or a quote missing before?' },
  NON_STRING_KEY: { message: 'A key is a map or a list.', remedy: 'Use text as keys.' },
  TAB_AS_INDENT: { message: 'A tab is used for indentation.', remedy: 'Use spaces.' },
  TAG_RESOLVE_FAILED: {
    message: 'A tag is unknown, or its value does not fit it.',
    remedy: 'Remove the tag, or quote the text.',
  },
  UNEXPECTED_TOKEN: { message: 'Something stands where YAML does not expect it.', remedy: indent },
};

/** What an error means and what to do, for any code. */
export function explainYamlError(code: ErrorCode): Explanation {
  // The library recurses, and says so when the stack runs out.
  if (code === 'RESOURCE_EXHAUSTION') return tooDeep;
  const words = explanations[code] ?? {
    message: 'The document is not valid YAML.',
    remedy: 'Check it with a YAML linter.',
  };
  return { code: 'TG0002', ...words };
}

export const tooDeep: Explanation = {
  code: 'TG0005',
  message: `The document is nested deeper than ${MAX_NESTING} levels.`,
  remedy: 'No Kubernetes object is that deep: check the file.',
};

const valueProblems: Record<ValueProblem['kind'], Explanation> = {
  'too-deep': tooDeep,
  'too-large': {
    code: 'TG0005',
    message: `The document has more than ${MAX_VALUES} values, or its aliases expand to more than ${MAX_ALIASED_VALUES}.`,
    remedy: 'Split the document, or use fewer aliases.',
  },
  'alias-of-itself': {
    code: 'TG0002',
    message: 'An alias stands inside of its own anchor.',
    remedy: 'Write the value out.',
  },
  'alias-without-anchor': {
    code: 'TG0002',
    message: 'An alias has no anchor before it.',
    remedy: 'Define the anchor (&name) first, or quote the text.',
  },
  'bad-merge': {
    code: 'TG0002',
    message: 'A merge key (<<) has something else than a map or a list of maps.',
    remedy: 'Merge an alias of a map, or put the key in quotes.',
  },
  'duplicate-key': { code: 'TG0002', message: 'A key stands twice in one map.', remedy: 'Remove one of them.' },
};

export function explainValueProblem(kind: ValueProblem['kind']): Explanation {
  return valueProblems[kind];
}
