// Extension providers that decide about requests: defaults, what cannot be used, and that one broken one costs only itself.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { openFields, type ParseContext } from '../resources/message.ts';
import type { ExtAuthzProvider } from './mesh-settings.ts';
import { readExtAuthzProviders } from './read-ext-authz-providers.ts';

function read(...entries: readonly unknown[]): {
  readonly providers: readonly ExtAuthzProvider[];
  readonly codes: readonly string[];
} {
  const context: ParseContext = {
    resource: { kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' },
    origin: { source: 'a.yaml', index: 0, locate: () => undefined },
    diagnostics: [],
    reportNull: false,
    dropped: 0,
  };
  const message = openFields(context, ['data', 'mesh'], { extensionProviders: entries }, 'any');
  const providers = readExtAuthzProviders(message);
  return { providers, codes: context.diagnostics.map(({ code }) => code) };
}

const http = (fields: object) => ({ name: 'ask', envoyExtAuthzHttp: { service: 'a.b.c', port: 80, ...fields } });
const grpc = (fields: object) => ({ name: 'ask', envoyExtAuthzGrpc: { service: 'a.b.c', port: 80, ...fields } });
const problemOf = (entry: unknown): string | undefined => read(entry).providers[0]?.problem;

describe('readExtAuthzProviders', () => {
  it('waits ten minutes and fails closed where nothing is said', () => {
    const { providers, codes } = read(grpc({}));
    assert.deepEqual(codes, []);
    assert.deepEqual(providers, [
      {
        name: 'ask',
        service: 'a.b.c',
        port: 80,
        timeoutMs: 600_000,
        failOpen: false,
        clearRouteCache: false,
        statusOnError: undefined,
        body: undefined,
        http: undefined,
        problem: undefined,
      },
    ]);
  });

  it('takes the deprecated list of headers only where there is no other', () => {
    const of = (fields: object) => read(http(fields)).providers[0]?.http?.includedHeaders;
    assert.deepEqual(of({ includeHeadersInCheck: ['x-a'] }), ['x-a']);
    assert.deepEqual(of({ includeHeadersInCheck: ['x-a'], includeRequestHeadersInCheck: ['x-b'] }), ['x-b']);
  });

  it('sorts the headers that it adds', () => {
    const { providers } = read(http({ includeAdditionalHeadersInCheck: { 'x-b': '2', 'x-a': '1' } }));
    assert.deepEqual(providers[0]?.http?.additionalHeaders, [
      ['x-a', '1'],
      ['x-b', '2'],
    ]);
  });

  it('leaves providers of other kinds to others', () => {
    assert.deepEqual(read({ name: 'log', envoyFileAccessLog: { path: '/dev/stdout' } }, 'text', null).providers, []);
  });

  for (const [what, entry, problem] of [
    ['a zero timeout', grpc({ timeout: '0s' }), undefined],
    ['a timeout that no data plane counts to', grpc({ timeout: '1200h' }), 'timeout is more than 49 days'],
    ['a timeout that is none', grpc({ timeout: 'soon' }), 'timeout cannot be read'],
    ['a status that Envoy knows', grpc({ statusOnError: '429' }), undefined],
    ['a status that it does not', grpc({ statusOnError: '418' }), 'statusOnError "418" is no HTTP status'],
    ['a status without quotes', grpc({ statusOnError: 503 }), 'statusOnError cannot be read'],
    ['a host with two namespaces', grpc({ service: 'a/b/c' }), 'service is not host or namespace/host'],
    ['a port as text', grpc({ port: '80' }), 'port is not a number from 1 to 65535'],
    ['a body without a limit', grpc({ includeRequestBodyInCheck: {} }), 'maxRequestBytes is not a number above 0'],
    ['a path with a space', http({ pathPrefix: '/a b' }), 'pathPrefix "/a b" is no path that begins with /'],
    [
      'a header with a line break',
      http({ includeAdditionalHeadersInCheck: { 'x-a': '1\r\nx-b: 2' } }),
      'the header x-a has a control character in it',
    ],
    [
      'a header that is none',
      http({ includeAdditionalHeadersInCheck: { 'x a': '1' } }),
      '"x a" is no header that can be added',
    ],
    [
      'the host as a header',
      http({ includeAdditionalHeadersInCheck: { Host: '1' } }),
      '"Host" is no header that can be added',
    ],
  ] as const)
    it(`${problem === undefined ? 'takes' : 'does not ask with'} ${what}`, () => {
      assert.equal(problemOf(entry), problem);
    });

  it('lets one broken provider cost only itself', () => {
    const { providers, codes } = read(grpc({ port: 0 }), { ...grpc({}), name: 'other' });
    assert.deepEqual(
      providers.map(({ name, problem }) => [name, problem === undefined]),
      [
        ['ask', false],
        ['other', true],
      ],
    );
    assert.deepEqual(codes, ['TG0030']);
  });

  it('takes anything without throwing', () => {
    const kinds = fc.constantFrom('envoyExtAuthzHttp', 'envoyExtAuthzGrpc', 'name', 'zipkin');
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.anything(), fc.dictionary(kinds, fc.anything()))), (entries) => {
        assert.ok(Array.isArray(read(...entries).providers));
      }),
    );
  });
});
