// Random routes whose outcome is the same each time, and random requests that come near them.
import fc from 'fast-check';

type Fields = Record<string, unknown>;
type Json = fc.Arbitrary<unknown>;

const of = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
/** Some of the fields, at most `max`. */
const some = (fields: Record<string, Json>, max: number): fc.Arbitrary<Fields> =>
  fc
    .array(fc.oneof(...Object.entries(fields).map(([name, value]) => fc.record({ [name]: value }))), { maxLength: max })
    .map((parts) => Object.assign({}, ...parts) as Fields);

const word = of('a', 'b', 'ab', 'A', 'a-b', 'x1');
const path = fc
  .array(of('a', 'b', 'ab', 'A', 'c.d'), { minLength: 1, maxLength: 3 })
  .map((parts) => `/${parts.join('/')}`);
const valueMatch = fc.oneof(
  word.map((exact) => ({ exact })),
  word.map((prefix) => ({ prefix })),
  of('a.*', '[ab]+', '(?i)a', '.', 'a|b').map((regex) => ({ regex })),
);
const uri = fc.oneof(
  { weight: 4, arbitrary: path.map((exact) => ({ exact })) },
  { weight: 5, arbitrary: path.map((prefix) => ({ prefix })) },
  { weight: 2, arbitrary: of('/a.*', '/(a|b)/[a-c]+', '/[^/]+', '/.*b', '(?i)/a/b.*').map((regex) => ({ regex })) },
);
const named = fc.oneof(valueMatch, fc.constant({}));
const headerNames = of('x-a', 'x-b', 'X-C', 'cookie', 'user-agent');
const byName = (names: fc.Arbitrary<string>, value: Json): Json => fc.dictionary(names, value, { maxKeys: 2 });
const match = fc
  .tuple(
    fc.record({ uri }),
    some(
      {
        ignoreUriCase: fc.boolean(),
        method: fc.oneof(
          of('GET', 'POST').map((exact) => ({ exact })),
          fc.constant({ regex: 'P.*' }),
        ),
        headers: byName(headerNames, named),
        withoutHeaders: byName(headerNames, named),
        queryParams: byName(of('q', 'r'), named),
        authority: of({ prefix: 'h' }, { exact: 'h0.example.com' }, { regex: '.*:8.*' }),
        scheme: of({ exact: 'http' }, { exact: 'https' }),
      },
      2,
    ),
  )
  .map(([always, more]) => ({ ...always, ...more }));

const headerValue = of(
  '1',
  'a b',
  '%REQ(x-a)%',
  '%PROTOCOL%',
  '100%%',
  '%REQ(:PATH)%',
  '%RESPONSE_CODE%',
  '%REQ(none)%',
);
const changes = some(
  {
    set: fc.dictionary(of('x-a', 'x-new', 'user-agent', 'X-Mixed'), headerValue, { maxKeys: 2 }),
    add: fc.dictionary(of('x-a', 'x-b', 'x-new', 'cookie', 'via'), headerValue, { maxKeys: 2 }),
    remove: fc.array(of('x-a', 'x-b', 'cookie', 'content-type'), { maxLength: 2 }),
  },
  2,
);
const headers = some({ request: changes, response: changes }, 2);
const target = of(
  { uri: '/n' },
  { uri: '/' },
  { uri: '/n/' },
  { authority: 'in.example.com' },
  { uri: '/n', authority: 'in.example.com:81' },
  { uriRegexRewrite: { match: '/([^/]+)(.*)', rewrite: '/\\1-x\\2' } },
  { uriRegexRewrite: { match: 'a', rewrite: 'z' } },
);
const corsPolicy = fc
  .tuple(
    of(
      [{ exact: 'https://a.example' }],
      [{ prefix: 'https://' }],
      [{ regex: 'https://[a-z]+\\.example' }],
      [{ exact: '*' }],
    ),
    some(
      {
        allowMethods: of(['GET', 'POST'], ['*']),
        allowHeaders: of(['x-a'], ['*']),
        exposeHeaders: of(['x-e']),
        maxAge: of('1h'),
        allowCredentials: fc.boolean(),
        unmatchedPreflights: of('IGNORE', 'FORWARD'),
      },
      3,
    ),
  )
  .map(([allowOrigins, more]) => ({ allowOrigins, ...more }));
const fault = of(200, 418, 503).map((httpStatus) => ({ abort: { httpStatus, percentage: { value: 100 } } }));

const route = [{ destination: { host: 'echo' } }];
const forward = some({ rewrite: target, headers, corsPolicy, fault, timeout: of('30s') }, 3).map((fields) => ({
  ...fields,
  route,
}));
const twoPlaces = headers.map((ofOne) => ({
  route: [
    { destination: { host: 'echo' }, weight: 1, headers: ofOne },
    { destination: { host: 'echo' }, weight: 0 },
  ],
}));
const missing = fc.constant({ route: [{ destination: { host: 'nowhere' } }] });
const redirect = some(
  {
    uri: of('/r', '/r?x=1', '/', '%PREFIX()%'),
    authority: of('r.example.com', 'r.example.com:8443'),
    port: of(80, 443, 8080),
    derivePort: of('FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'),
    scheme: of('http', 'https'),
    redirectCode: of(301, 302, 303, 307, 308),
  },
  3,
)
  .filter(({ port, derivePort }) => port === undefined || derivePort === undefined)
  .chain((fields) => some({ headers, fault }, 1).map((more) => ({ ...more, redirect: fields })));
const directResponse = fc
  .tuple(of(200, 204, 404, 503), fc.option(of('body', ''), { nil: undefined }), some({ headers, fault }, 1))
  .map(([status, text, more]) => ({
    ...more,
    directResponse: { status, ...(text === undefined ? {} : { body: { string: text } }) },
  }));

const rule = fc
  .tuple(
    fc.array(match, { minLength: 1, maxLength: 2 }),
    fc.oneof({ weight: 8, arbitrary: forward }, twoPlaces, missing, redirect, directResponse),
  )
  .map(([matches, action]) => ({ match: matches, ...action }));

/** The http rules of one host. */
export const rules: fc.Arbitrary<readonly object[]> = fc.array(rule, { minLength: 4, maxLength: 10 });

export interface DifferentialRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly http2: boolean;
}

const oddPath = of(
  ...[
    '/',
    '/a/',
    '//a',
    '/a//b',
    '/./a',
    '/a/../b',
    '/../a',
    '/%61',
    '/a%2Fb',
    '/a/%2e%2e/b',
    '/a;x',
    '/a%zz',
    '/ab/..',
    '/a\\b',
  ],
  ...['/~a', '/a/b/', '/a.b', "/a'b", '/a/b;c=d/e', '/a%20b', '/%C3%A9', '/a:b', '/@a', '/a/.'],
);
const query = of('', '', '?', '?q', '?q=a', '?q=a&r=b', '?r=b&q=ab', '?q=&r', '?q=a&q=b', '?x=1', '?q=%61');
const origin = of('https://a.example', 'https://b.example', 'http://a.example', 'null');

/** To whichever host: that is told by its number. */
export const request: fc.Arbitrary<DifferentialRequest> = fc
  .record({
    method: fc.oneof({ weight: 5, arbitrary: of('GET') }, of('POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE')),
    path: fc.tuple(fc.oneof({ weight: 3, arbitrary: path }, oddPath), query).map((parts) => parts.join('')),
    headers: some(
      {
        'x-a': of('a', 'b', 'ab', 'A', ''),
        'x-b': of('a', 'x1'),
        'x-c': of('a-b'),
        cookie: of('a=b', 'a'),
        'user-agent': of('a', 'ab'),
        origin,
        'access-control-request-method': of('POST', 'PURGE'),
        'access-control-request-headers': of('x-z'),
        'x-envoy-original-path': of('/spoofed'),
        'x-forwarded-for': of('10.0.0.1'),
        'x-forwarded-proto': of('https'),
        te: of('trailers', 'gzip'),
        'content-type': of('application/grpc', 'text/plain'),
        via: of('1.1 x'),
      },
      4,
    ),
    body: fc.option(of('', 'x', 'some body'), { nil: undefined, freq: 3 }),
    http2: fc.boolean(),
  })
  .map((one) => ({
    ...one,
    headers: one.headers as Record<string, string>,
    body: one.method === 'POST' || one.method === 'PUT' ? (one.body ?? 'x') : undefined,
  }));
