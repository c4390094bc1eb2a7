// RequestAuthentication: unknown -> RequestAuthenticationSpec. A rule that cannot be read makes no token count.
import { isHttpUrl } from '../../lib/http-url.ts';
import {
  booleanField,
  durationField,
  messagesField,
  reportMissing,
  selectorField,
  stringField,
  stringsField,
} from './fields.ts';
import { type FieldTable, type Message, noEffectHere, reportInvalid, served, shorten, tableOf } from './message.ts';
import { isHeaderName } from './names.ts';
import type { JwtRule, RequestAuthenticationSpec } from './request-authentication.ts';
import type { FieldPath } from './resource.ts';

const forGatewayApi = 'It names objects of the Gateway API, which are not served here.';

export const requestAuthenticationFields: FieldTable = {
  ...tableOf(['selector', 'jwtRules'], served),
  targetRef: noEffectHere(forGatewayApi),
  targetRefs: noEffectHere(forGatewayApi),
};
const ruleFields: FieldTable = {
  ...tableOf(
    ['issuer', 'audiences', 'jwks', 'jwksUri', 'jwks_uri', 'fromHeaders', 'fromParams', 'fromCookies'],
    served,
  ),
  ...tableOf(['outputPayloadToHeader', 'outputClaimToHeaders', 'forwardOriginalToken'], served),
  ...tableOf(['spaceDelimitedClaims', 'timeout'], served),
};
const headerFields: FieldTable = tableOf(['name', 'prefix'], served);
const claimFields: FieldTable = tableOf(['header', 'claim'], served);

export function parseRequestAuthentication(spec: Message): RequestAuthenticationSpec | undefined {
  const selector = selectorField(spec);
  const rules = messagesField(spec, 'jwtRules', ruleFields, parseRule);
  if (selector === undefined) return undefined;
  const targets = [spec.fields.targetRef, spec.fields.targetRefs].filter(
    (value) => value !== undefined && value !== null,
  );
  return { selector, isForOthers: targets.length > 0, rules };
}

const dropped = 'The rule is left out, and no token counts by it.';

function parseRule(message: Message, index: number): JwtRule | undefined {
  const issuer = stringField(message, 'issuer') ?? '';
  if (issuer === '') reportMissing(message, 'issuer', dropped, 'Name the issuer of the tokens.');
  const headers = messagesField(message, 'fromHeaders', headerFields, (item) => {
    const name = headerName(item, 'name');
    return name === undefined ? undefined : { name, prefix: stringField(item, 'prefix') ?? '' };
  });
  const claims = messagesField(message, 'outputClaimToHeaders', claimFields, (item) => {
    const [header, claim] = [headerName(item, 'header'), stringField(item, 'claim')];
    if (!claim) reportMissing(item, 'claim', dropped, 'Name a claim of the token.');
    return header === undefined || !claim ? undefined : { header, claim };
  });
  const rule: JwtRule = {
    issuer,
    audiences: stringsField(message, 'audiences', isGiven(message)),
    jwks: stringField(message, 'jwks') || undefined,
    jwksUri: readUri(message),
    fromHeaders: headers,
    fromParams: stringsField(message, 'fromParams', isGiven(message)),
    fromCookies: stringsField(message, 'fromCookies', isGiven(message)),
    outputPayloadToHeader: givenHeaderName(message, 'outputPayloadToHeader'),
    outputClaimToHeaders: claims,
    forwardOriginalToken: booleanField(message, 'forwardOriginalToken') ?? false,
    spaceDelimitedClaims: stringsField(message, 'spaceDelimitedClaims', isGiven(message)),
    timeoutMs: durationField(message, 'timeout'),
    index,
  };
  // How long fetching may take is no reason to refuse tokens.
  const isBroken = [...message.broken].some((name) => name !== 'timeout');
  return issuer === '' || isBroken ? undefined : rule;
}

const isGiven =
  ({ context }: Message) =>
  (text: string, path: FieldPath): boolean => {
    if (text !== '') return true;
    reportInvalid(context, path, 'is empty', dropped, 'Give it a value, or remove it.');
    return false;
  };

function headerName(message: Message, name: string): string | undefined {
  const found = givenHeaderName(message, name);
  if (found === undefined) reportMissing(message, name, dropped, 'Name a header.');
  return found;
}

function givenHeaderName(message: Message, name: string): string | undefined {
  const text = stringField(message, name) || undefined;
  if (text === undefined || isHeaderName(text)) return text;
  const what = `is ${shorten(text)}, which is no header name`;
  reportInvalid(message.context, [...message.path, name], what, dropped, 'Use letters, digits and - only.');
  message.broken.add(name);
  return undefined;
}

/** The older spelling counts too, as in Istio. */
function readUri(message: Message): string | undefined {
  const name = message.fields.jwksUri === undefined ? 'jwks_uri' : 'jwksUri';
  const text = stringField(message, name) || undefined;
  if (text === undefined || isHttpUrl(text)) return text;
  const what = `is ${shorten(text)}, no URL of http or https`;
  reportInvalid(message.context, [...message.path, name], what, dropped, 'Write https://host/path.');
  message.broken.add(name);
  return undefined;
}
