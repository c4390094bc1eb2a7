// What a filter may not make a header of: a name or value that could end its line would be a header of its own.
import type { LocalReply } from '../http/exchange.ts';

/** Name in lower case. */
interface Header {
  readonly name: string;
  readonly value: string;
}

/** RFC 9110 5.1 and 5.5. */
const validName = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
const invalid = /[^\t\x20-\x7e\x80-\uffff]/;
const allInvalid = new RegExp(invalid, 'g');

export const isSendable = ({ name, value }: Header): boolean => validName.test(name) && !invalid.test(value);

/** As RFC 9110 5.5 has it of what is to be passed on in spite of it. */
export const cleanValue = (value: string): string => value.replaceAll(allInvalid, ' ');

/** What could end a word or a line of an HTTP/1.1 head. */
export const isSendablePath = (text: string): boolean => !/[\0-\x20\x7f]/.test(text);

/** In Envoy's words. */
export function refuseHeader({ name }: Header): LocalReply {
  const what = validName.test(name) ? `invalid header value for: ${name}` : `invalid header name: ${name}`;
  return {
    status: 503,
    body: what,
    details: `filter_removed_required_request_headers{${what.replaceAll(/\s/g, '_')}}`,
    flags: ['DPE'],
  };
}
