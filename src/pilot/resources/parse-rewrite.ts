// The rewrite of an http rule: unknown -> HttpRewrite.
import { messageField, reportMissing, stringField } from './fields.ts';
import { type Message, reportInvalid } from './message.ts';
import type { HttpRewrite } from './virtual-service.ts';
import { regexRewriteFields } from './virtual-service-fields.ts';

const UNUSABLE = 'The rule cannot be used.';

/** None of them may hold what would end a header line. */
const headerBreak = /[\0\r\n]/;

function lineField(message: Message, name: string): string | undefined {
  const value = stringField(message, name);
  if (value === undefined || !headerBreak.test(value)) return value;
  message.broken.add(name);
  reportInvalid(message.context, [...message.path, name], 'has a line break', UNUSABLE, 'Remove it.');
  return undefined;
}

export function parseRewrite(message: Message): HttpRewrite | undefined {
  const uri = lineField(message, 'uri') || undefined;
  const authority = lineField(message, 'authority') || undefined;
  const uriRegexRewrite = messageField(message, 'uriRegexRewrite', regexRewriteFields, parseRegexRewrite);
  if (message.broken.size > 0) return undefined;
  if (uri !== undefined && uriRegexRewrite !== undefined) {
    const what = 'has uri and uriRegexRewrite together';
    reportInvalid(message.context, message.path, what, UNUSABLE, 'Keep one of them.');
    return undefined;
  }
  if (uri === undefined && uriRegexRewrite === undefined && authority === undefined) {
    const remedy = 'Give it a uri, a uriRegexRewrite or an authority.';
    reportInvalid(message.context, message.path, 'changes nothing', UNUSABLE, remedy);
    return undefined;
  }
  return { uri, uriRegexRewrite, authority };
}

function parseRegexRewrite(message: Message): HttpRewrite['uriRegexRewrite'] {
  const match = lineField(message, 'match') || undefined;
  const rewrite = lineField(message, 'rewrite');
  if (match === undefined) reportMissing(message, 'match', UNUSABLE, 'Write the regular expression to look for.');
  if (rewrite === undefined) reportMissing(message, 'rewrite', UNUSABLE, 'Write what takes its place.');
  return match === undefined || rewrite === undefined || message.broken.size > 0 ? undefined : { match, rewrite };
}
