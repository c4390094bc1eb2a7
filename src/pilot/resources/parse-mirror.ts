// Where an http rule sends copies of its requests: its fields -> Mirror[]. What cannot be read gets no copy.
import { integerField, messageField, messagesField, reportMissing } from './fields.ts';
import type { Message } from './message.ts';
import { parseDestination } from './parse-destination.ts';
import { parsePercentage } from './parse-fault.ts';
import type { Mirror, RequestShare } from './virtual-service.ts';
import { destinationFields, httpMirrorFields, percentFields } from './virtual-service-fields.ts';

const NO_COPY = 'Requests are forwarded without this copy.';

/** Undefined where the rule says nothing of it: a delegate's rule then has the mirrors of the one that delegates. */
export function parseMirrors(message: Message): readonly Mirror[] | undefined {
  const single = messageField(message, 'mirror', destinationFields, parseDestination);
  const mirrors = messagesField(message, 'mirrors', httpMirrorFields, parseMirror);
  const share = parseShare(message);
  const all = [
    ...(single === undefined || isBroken(message) ? [] : [{ destination: single, share, path: ['mirror'] }]),
    ...mirrors,
  ];
  if (single === undefined && message.fields.mirrors === undefined) return undefined;
  return all.filter((mirror) => mirror.share === undefined || mirror.share.numerator > 0);
}

const shareFields = ['mirrorPercentage', 'mirrorPercent', 'mirror_percent'];

const isBroken = (message: Message): boolean => shareFields.some((name) => message.broken.has(name));

/** Undefined: all requests. */
function parseShare(message: Message): RequestShare | undefined {
  const share = messageField(message, 'mirrorPercentage', percentFields, parsePercentage);
  const percents = ['mirrorPercent', 'mirror_percent'].map((name) => integerField(message, name, 0, 100));
  const percent = percents.find((value) => value !== undefined);
  return share ?? (percent === undefined ? undefined : { numerator: percent, denominator: 'HUNDRED' });
}

function parseMirror(message: Message, index: number): Mirror | undefined {
  const destination = messageField(message, 'destination', destinationFields, parseDestination);
  const share = messageField(message, 'percentage', percentFields, parsePercentage);
  if (destination === undefined) reportMissing(message, 'destination', NO_COPY, 'Name a destination with its host.');
  if (destination === undefined || message.broken.size > 0) return undefined;
  return { destination, share, path: ['mirrors', index, 'destination'] };
}
