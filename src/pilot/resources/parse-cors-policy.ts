// The CORS policy of an http rule: unknown -> CorsPolicy. What cannot be read of it allows nothing.
import { booleanField, durationField, enumField, messagesField, stringsField } from './fields.ts';
import { type Message, reportInvalid, shorten } from './message.ts';
import { isHeaderName } from './names.ts';
import { parseFilledMatch } from './parse-string-match.ts';
import type { CorsPolicy, OriginMatch } from './virtual-service.ts';
import { stringMatchFields } from './virtual-service-fields.ts';

export function parseCorsPolicy(message: Message): CorsPolicy {
  const allowOrigins = parseOrigins(message);
  if (allowOrigins.length === 0 && message.broken.size === 0)
    reportInvalid(message.context, message.path, 'allows no origin', 'It has no effect.', 'Give it allowOrigins.');
  const maxAgeMs = durationField(message, 'maxAge');
  return {
    allowOrigins,
    allowMethods: parseNames(message, 'allowMethods'),
    allowHeaders: parseNames(message, 'allowHeaders'),
    exposeHeaders: parseNames(message, 'exposeHeaders'),
    maxAgeSeconds: maxAgeMs === undefined ? undefined : Math.trunc(maxAgeMs / 1000),
    allowCredentials: booleanField(message, 'allowCredentials'),
    forwardUnmatchedPreflights:
      enumField(message, 'unmatchedPreflights', ['UNSPECIFIED', 'FORWARD', 'IGNORE']) !== 'IGNORE',
  };
}

/** The deprecated list of exact origins counts where there is no other. */
function parseOrigins(message: Message): readonly OriginMatch[] {
  const origins = messagesField(message, 'allowOrigins', stringMatchFields, (item, index) => {
    const match = parseFilledMatch(item, 'It allows no origin.');
    return match && { ...match, index };
  });
  const exact = stringsField(message, 'allowOrigin');
  if (origins.length > 0 || message.broken.has('allowOrigins')) return origins;
  return exact.map((value, index) => ({ kind: 'exact', value, index }));
}

/** Methods and header names have the same form (RFC 9110 5.1 and 9.1); they become part of a header's value. */
const parseNames = (message: Message, field: string): readonly string[] =>
  stringsField(message, field, (text, path) => {
    if (isHeaderName(text)) return true;
    const what = `is ${shorten(text)}, which is no name`;
    reportInvalid(message.context, path, what, 'The entry is left out.', 'Write one name, or *.');
    return false;
  });
