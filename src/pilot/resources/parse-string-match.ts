// A StringMatch of Istio's API, wherever one stands: unknown -> StringMatch.
import { stringField } from './fields.ts';
import { type Message, report, reportInvalid } from './message.ts';
import type { StringMatch, ValueMatch } from './virtual-service.ts';

/** `{ match: undefined }` for one that names neither; undefined (and reported) where it cannot be used. */
function readStringMatch(
  message: Message,
  consequence = 'The match never applies.',
): { readonly match: StringMatch | undefined } | undefined {
  const matches = (['exact', 'prefix', 'regex'] as const).flatMap((kind) => {
    const value = stringField(message, kind);
    return value === undefined ? [] : [{ kind, value }];
  });
  if (message.broken.size > 0) return undefined;
  if (matches.length > 1) {
    const what = `has ${matches.map(({ kind }) => kind).join(' and ')} together`;
    const remedy = 'Keep one; write one match for each.';
    reportInvalid(message.context, message.path, what, consequence, remedy);
    return undefined;
  }
  return { match: matches[0] };
}

/** One that asks for something; one that cannot be used, or asks for nothing, is reported. `consequence` is a whole sentence. */
export function parseFilledMatch(message: Message, consequence: string): StringMatch | undefined {
  const read = readStringMatch(message, consequence);
  if (read === undefined || (read.match !== undefined && read.match.value !== '')) return read?.match;
  const remedy = 'Give it one of exact, prefix and regex.';
  reportInvalid(message.context, message.path, 'asks for nothing', consequence, remedy);
  return undefined;
}

/** The match of a path: one that names nothing takes every path, which is worth a word. */
export function parsePathMatch(message: Message): { readonly match: StringMatch | undefined } | undefined {
  const read = readStringMatch(message);
  if (read?.match === undefined && read !== undefined)
    report(message.context, message.path, {
      severity: 'warning',
      code: 'IST0106',
      message: 'The match names neither exact nor prefix nor regex. Every path matches it.',
      remedy: 'Write `prefix: /` if that is meant.',
    });
  return read;
}

/** Istio: an empty match, the regex `*` and a prefix of no characters ask only that there is a value. */
export function parseValueMatch(message: Message): ValueMatch | undefined {
  const read = readStringMatch(message);
  if (read === undefined) return undefined;
  const { match } = read;
  if (match === undefined || (match.kind === 'regex' && match.value === '*')) return { kind: 'present' };
  return match.kind === 'prefix' && match.value === '' ? { kind: 'present' } : match;
}
