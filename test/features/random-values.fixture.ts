// The values random manifests are made of: mostly what users write, here and there what nobody should.
import fc from 'fast-check';

export type Json = fc.Arbitrary<unknown>;

export const word = fc.stringMatching(/^[a-z]{1,8}$/);
export const nasty = fc.oneof(
  fc.string({ maxLength: 12, unit: 'binary' }),
  fc.constantFrom(
    ...[
      '',
      ' ',
      '%',
      '%%',
      '%REQ(',
      '%RESPONSE_CODE%',
      '%REQ(:PATH)%',
      '%NOPE%',
      '\n',
      '\r\nx: y',
      '\0',
      '*',
      '*.',
      '.',
      '/',
    ],
    ...[
      '../..',
      '//',
      '/a?b#c',
      '(?=a)',
      '(',
      '[a',
      '.*',
      '(.*)',
      '\\1',
      '\\2',
      'é',
      '0',
      '-1',
      '1e9',
      'null',
      'a,b',
      ':',
    ],
    ...[
      'x'.repeat(5000),
      '(a{1,100}){1,100}',
      'host',
      ':authority',
      'content-length',
      'x-envoy-a',
      '{',
      '}',
      '"',
      '\\',
    ],
  ),
);
export const odd: Json = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 2 ** 31, 2 ** 53, [], {}, [null]),
  nasty,
);
export const rarely = <T>(usual: fc.Arbitrary<T>, weird: Json = odd): Json =>
  fc.oneof({ weight: 250, arbitrary: usual as Json }, { weight: 1, arbitrary: weird });
export const record = (fields: Record<string, Json>): Json => fc.record(fields, { requiredKeys: [] });
/** One field of a few at a time: all of them at once is what nobody writes, and mostly wrong. */
export const sparse = (fields: Record<string, Json>, required: Record<string, Json> = {}): Json => {
  const some = Object.entries(fields).map(([name, field]) => fc.record({ [name]: field }));
  return fc
    .tuple(fc.record(required), fc.array(fc.oneof(...some), { maxLength: 3 }))
    .map(([always, parts]) => Object.assign({}, always, ...parts));
};
export const filled = (item: Json, max = 3): Json => rarely(fc.array(item, { minLength: 1, maxLength: max }));
export const list = (item: Json, max = 3): Json => rarely(fc.array(item, { maxLength: max }));

export const path = rarely(
  fc.oneof(
    word.map((text) => `/${text}`),
    fc.tuple(word, word).map(([a, b]) => `/${a}/${b}`),
  ),
  nasty,
);
export const value = rarely(word, nasty);
export const regex = rarely(
  fc.constantFrom('/a.*', '[a-z]+', '/(\\w+)/(\\d{1,3})', '(?i)x', '^/x$', '\\p{L}+', 'a|b'),
  nasty,
);
export const stringMatch = rarely(
  fc.oneof(
    ...[{ exact: value }, { prefix: path }, { regex }, { exact: path }].map(
      (fields) => fc.record(fields as Record<string, Json>) as Json,
    ),
  ),
);
export const headerName = rarely(
  fc.constantFrom('x-a', 'X-B', 'cookie', 'user-agent', ':method', 'host', 'x_c'),
  nasty,
);
export const dictionary = (keys: Json, values: Json): Json =>
  fc
    .array(fc.tuple(keys, values), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries.map(([k, v]) => [String(k), v])));
export const duration = rarely(fc.constantFrom('1ms', '100ms', '1.5s', '10s', '1h30m', '0s'), nasty);
export const port = rarely(fc.constantFrom(80, 443, 8080, 3306));
export const percent = record({ value: rarely(fc.constantFrom(0, 0.00001, 1, 50, 99.9999, 100)) });
