// The redirect of an http rule: unknown -> HttpRedirect. One that cannot be read leaves its rule without an action.
import { enumField, integerField, portField, stringField } from './fields.ts';
import { type Message, report, reportInvalid } from './message.ts';
import { type HttpRedirect, redirectCodes } from './virtual-service.ts';

const UNUSABLE = 'The rule cannot be used.';

/** Neither may hold what would end a header line. */
const headerBreak = /[\0\r\n]/;

export function parseRedirect(message: Message): HttpRedirect | undefined {
  const text = (name: 'uri' | 'authority'): string | undefined => {
    const value = stringField(message, name) || undefined;
    if (value === undefined || !headerBreak.test(value)) return value;
    reportInvalid(message.context, [...message.path, name], 'has a line break', UNUSABLE, 'Remove it.');
    message.broken.add(name);
    return undefined;
  };
  const uri = text('uri');
  const authority = text('authority');
  const scheme = message.fields.scheme === '' ? undefined : enumField(message, 'scheme', ['http', 'https'] as const);
  const port = message.fields.port === 0 ? undefined : portField(message, 'port');
  const derivePort = enumField(message, 'derivePort', ['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'] as const);
  const code = parseCode(message);
  if (port !== undefined && derivePort !== undefined) {
    reportInvalid(message.context, message.path, 'has port and derivePort together', UNUSABLE, 'Keep one of them.');
    return undefined;
  }
  if (message.broken.size > 0) return undefined;
  if (Object.keys(message.fields).length === 0)
    report(message.context, message.path, {
      severity: 'warning',
      code: 'IST0106',
      message: 'The redirect changes nothing. Clients are sent to the address they came from, again and again.',
      remedy: 'Give it a uri, an authority, a scheme or a port.',
    });
  return { uri, authority, scheme, port: derivePort === 'FROM_REQUEST_PORT' ? 'request' : port, code };
}

function parseCode(message: Message): HttpRedirect['code'] {
  const number = integerField(message, 'redirectCode', 0, 999);
  if (number === undefined || number === 0) return 301;
  const code = redirectCodes.find((known) => known === number);
  if (code !== undefined) return code;
  message.broken.add('redirectCode');
  const remedy = `Use one of ${redirectCodes.join(', ')}.`;
  reportInvalid(message.context, [...message.path, 'redirectCode'], `is ${number}`, UNUSABLE, remedy);
  return 301;
}
