// Istio's VirtualService: what is not served or broken never makes a rule take more requests than it asked for.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { parseObject } from './parse-object.ts';
import type { HttpMatch, HttpRoute, VirtualServiceSpec } from './virtual-service.ts';

const origin = { source: 'a.yaml', index: 0, locate: () => undefined };

interface Parsed {
  readonly spec: VirtualServiceSpec;
  readonly diagnostics: readonly Diagnostic[];
  readonly problems: readonly string[];
}

function parse(fields: object): Parsed {
  const spec = { hosts: ['a.example.com'], gateways: ['gw'], ...fields };
  const value = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'v' }, spec };
  const { resource, diagnostics } = parseObject(value, origin);
  assert.ok(resource && 'http' in resource.spec, JSON.stringify(diagnostics));
  return { spec: resource.spec, diagnostics, problems: diagnostics.map(({ code, path }) => `${code} ${path}`) };
}

const route = [{ destination: { host: 'cart', port: { number: 80 } } }];

function parseRule(rule: unknown): {
  rule: HttpRoute | undefined;
  diagnostics: readonly Diagnostic[];
  problems: readonly string[];
} {
  const { spec, diagnostics, problems } = parse({ http: [rule] });
  return { rule: spec.http[0], diagnostics, problems };
}

const parseMatch = (
  match: unknown,
): { match: HttpMatch; unsupported: readonly string[]; problems: readonly string[] } => {
  const { rule, problems } = parseRule({ match: [match], route });
  const [parsed, ...others] = rule?.match ?? [];
  assert.ok(parsed !== undefined && others.length === 0);
  return { match: parsed, unsupported: parsed.unsupported, problems };
};

describe('VirtualService', () => {
  it('reads hosts, gateways, rules and weights', () => {
    const match = { name: 'm', uri: { prefix: '/a' }, ignoreUriCase: true, port: 80, gateways: ['x'] };
    const destination = { host: 'cart', subset: 'v1', port: { number: 80 } };
    const rule = {
      name: 'r',
      match: [match],
      route: [
        { destination, weight: 1 },
        { destination: { host: 'b' }, weight: 0 },
      ],
    };
    const { spec, problems } = parse({
      hosts: ['A.Example.com', '*', 'a.example.com'],
      gateways: ['gw', 'ns/gw', 'mesh'],
      exportTo: ['.'],
      http: [rule],
      tcp: [{ match: [{ port: 3306 }], route }],
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(spec, {
      hosts: ['a.example.com', '*'],
      gateways: ['gw', 'ns/gw', 'mesh'],
      exportTo: ['.'],
      http: [
        {
          index: 0,
          name: 'r',
          match: [
            {
              index: 0,
              name: 'm',
              uri: { kind: 'prefix', value: '/a' },
              ignoreUriCase: true,
              scheme: undefined,
              method: undefined,
              authority: undefined,
              headers: [],
              withoutHeaders: [],
              queryParams: [],
              port: 80,
              gateways: ['x'],
              sourceLabels: {},
              sourceNamespace: undefined,
              statPrefix: undefined,
              unsupported: [],
            },
          ],
          route: [
            { destination: { host: 'cart', subset: 'v1', port: 80 }, weight: 1, headers: undefined },
            { destination: { host: 'b', subset: undefined, port: undefined }, weight: 0, headers: undefined },
          ],
          redirect: undefined,
          directResponse: undefined,
          delegate: undefined,
          rewrite: undefined,
          headers: undefined,
          timeoutMs: undefined,
          retries: undefined,
          fault: undefined,
          corsPolicy: undefined,
          mirrors: undefined,
          invalid: undefined,
        },
      ],
      tls: [],
      tcp: [
        {
          index: 0,
          match: [{ index: 0, port: 3306, gateways: [] }],
          route: [
            { destination: { host: 'cart', subset: undefined, port: 80 }, weight: undefined, headers: undefined },
          ],
        },
      ],
    });
  });

  it('leaves out hosts that are none', () => {
    const { spec, problems } = parse({ hosts: ['a', 'https://b', 'c/d', '*.e', 'f.*', 'g:80', 7] });
    assert.deepEqual(spec.hosts, ['a', '*.e']);
    assert.equal(problems.length, 5);
    assert.deepEqual(parse({ hosts: [] }).problems, []);
  });

  it('reads conditions on headers and query parameters, sorted by name', () => {
    const { headers, withoutHeaders, queryParams, method } = parseMatch({
      method: { regex: 'GET|HEAD' },
      headers: { 'x-b': { prefix: 'v' }, 'x-a': {}, 'x-c': { regex: '*' }, 'x-d': { prefix: '' } },
      withoutHeaders: { 'x-e': { exact: '' } },
      queryParams: { q: { regex: '\\d+' } },
    }).match;
    assert.deepEqual(method, { kind: 'regex', value: 'GET|HEAD' });
    assert.deepEqual(headers, [
      { name: 'x-a', match: { kind: 'present' } },
      { name: 'x-b', match: { kind: 'prefix', value: 'v' } },
      { name: 'x-c', match: { kind: 'present' } },
      { name: 'x-d', match: { kind: 'present' } },
    ]);
    assert.deepEqual(withoutHeaders, [{ name: 'x-e', match: { kind: 'exact', value: '' } }]);
    assert.deepEqual(queryParams, [{ name: 'q', match: { kind: 'regex', value: '\\d+' } }]);
    assert.deepEqual(parseMatch({ headers: {}, statPrefix: '' }).unsupported, []);
  });

  it('lets a match with a condition that cannot be read never apply', () => {
    for (const [name, value, path] of [
      ['headers', { a: 'b' }, '.a'],
      ['headers', ['a'], ''],
      ['headers', { 'a b': { exact: 'c' } }, '.a b'],
      ['headers', { a: { exact: 'b', prefix: 'c' } }, '.a'],
      ['withoutHeaders', { a: { exact: 1 } }, '.a.exact'],
      ['queryParams', { '': { exact: 'b' } }, '.'],
      ['method', 'GET', ''],
      ['scheme', { exact: true }, '.exact'],
      ['sourceLabels', { a: 1 }, '.a'],
    ] as const) {
      const { unsupported, problems } = parseMatch({ uri: { prefix: '/' }, [name]: value });
      assert.deepEqual(unsupported, [name], name);
      assert.equal(problems.length, 1, `${problems}`);
      if (!path.includes(' ') && path !== '.')
        assert.deepEqual(problems, [`IST0106 spec.http[0].match[0].${name}${path}`]);
    }
  });

  it('takes claims of a token for headers, and lets a match on what is no claim never apply', () => {
    for (const name of ['@request.auth.claims.sub', '@request.auth.claims[a][b.c]', '@Request.Auth.Claims.a.b'])
      assert.deepEqual(parseMatch({ headers: { [name]: { exact: 'a' } } }).problems, [], name);
    for (const name of ['@request.auth.claims', '@request.auth.claims[]', '@request.auth.claims[a', '@source.ip']) {
      const { unsupported, problems } = parseMatch({ headers: { [name]: { exact: 'a' } } });
      assert.deepEqual(
        [unsupported, problems.length, problems[0]?.startsWith('IST0106')],
        [['headers'], 1, true],
        name,
      );
    }
  });

  it('ignores conditions on the workload in a match that lists gateways, as Istio does', () => {
    const { unsupported, problems } = parseMatch({ gateways: ['gw'], sourceLabels: { a: 'b' } });
    assert.deepEqual(unsupported, []);
    assert.deepEqual(problems, ['TG0008 spec.http[0].match[0].sourceLabels']);
  });

  it('lets a broken match never apply, instead of applying to everything', () => {
    for (const [match, unsupported] of [
      [null, 'match'],
      ['/', 'match'],
      [{ uri: '/a' }, 'uri'],
      [{ uri: { prefix: 1 } }, 'uri'],
      [{ uri: { prefix: '/a', exact: '/b' } }, 'uri'],
      [{ port: '80' }, 'port'],
      [{ gateways: 'gw' }, 'gateways'],
      [{ gateways: [1] }, 'gateways'],
    ] as const) {
      const parsed = parseMatch(match);
      assert.deepEqual(parsed.unsupported, [unsupported], JSON.stringify(match));
      assert.equal(parsed.problems.length, 1, JSON.stringify(match));
    }
    const { rule } = parseRule({ match: { uri: { prefix: '/a' } }, route });
    assert.deepEqual(
      rule?.match.map(({ unsupported }) => unsupported),
      [['match']],
    );
  });

  it('takes a match without a kind for every path, and says so', () => {
    const { rule, problems } = parseRule({ match: [{ uri: {} }], route });
    assert.deepEqual([rule?.match[0]?.uri, rule?.match[0]?.unsupported], [undefined, []]);
    assert.deepEqual(problems, ['IST0106 spec.http[0].match[0].uri']);
  });

  it('reads an empty or absent match as every request; null with a warning', () => {
    assert.deepEqual(parseRule({ match: [], route }).problems, []);
    const { rule, problems } = parseRule({ match: null, route });
    assert.deepEqual(rule?.match, []);
    assert.deepEqual(problems, ['IST0106 spec.http[0].match']);
  });

  it('reads copies, and sends none where it is not clear how many', () => {
    const mirrorsOf = (fields: object) => parseRule({ ...fields, route }).rule?.mirrors;
    const destination = { host: 'copy', subset: undefined, port: undefined };
    assert.equal(mirrorsOf({ mirrorPercentage: { value: 5 } }), undefined);
    assert.deepEqual(mirrorsOf({ mirrors: [] }), []);
    assert.deepEqual(mirrorsOf({ mirror: { host: 'copy' } }), [{ destination, share: undefined, path: ['mirror'] }]);
    assert.deepEqual(mirrorsOf({ mirror: { host: 'copy' }, mirrorPercentage: { value: 0.5 }, mirrorPercent: 7 }), [
      { destination, share: { numerator: 5000, denominator: 'MILLION' }, path: ['mirror'] },
    ]);
    assert.deepEqual(mirrorsOf({ mirror: { host: 'copy' }, mirror_percent: 7 }), [
      { destination, share: { numerator: 7, denominator: 'HUNDRED' }, path: ['mirror'] },
    ]);
    assert.deepEqual(mirrorsOf({ mirror: { host: 'copy' }, mirrorPercent: 0 }), []);
    assert.deepEqual(mirrorsOf({ mirror: { host: 'copy' }, mirrorPercent: 101 }), []);
    assert.deepEqual(mirrorsOf({ mirrors: [{ percentage: { value: 1 } }, { destination: { host: 'copy' } }] }), [
      { destination, share: undefined, path: ['mirrors', 1, 'destination'] },
    ]);
  });

  it('delegates in place of a route, and needs a name for it', () => {
    assert.deepEqual(parseRule({ delegate: { name: 'team', namespace: 'a' } }), {
      rule: { ...parseRule({ route }).rule, delegate: { name: 'team', namespace: 'a' }, route: [] },
      diagnostics: [],
      problems: [],
    });
    const nameless = parseRule({ delegate: { namespace: 'a' } });
    assert.match(nameless.rule?.invalid ?? '', /delegate is not usable/);
    assert.deepEqual(nameless.problems, ['IST0106 spec.http[0].delegate.name', 'TG0017 spec.http[0]']);
    const both = parseRule({ delegate: { name: 'team' }, route });
    assert.deepEqual([both.rule?.invalid, both.problems], [undefined, ['IST0106 spec.http[0].delegate']]);
  });

  it('reads retries, and what of them can be used', () => {
    const retries = {
      attempts: 3,
      retryOn: '5xx, 418',
      perTryTimeout: '2s',
      backoff: '10ms',
      retryRemoteLocalities: true,
    };
    const { rule, problems } = parseRule({ retries, route });
    assert.deepEqual(problems, []);
    assert.deepEqual(rule?.retries, {
      attempts: 3,
      perTryTimeoutMs: 2000,
      retryOn: ['5xx'],
      retriableStatusCodes: [418],
      retryRemoteLocalities: true,
      retryIgnorePreviousHosts: true,
      backoffMs: 10,
    });
    const bad = parseRule({ retries: { attempts: 1, retryOn: 'often,99' }, route });
    assert.deepEqual(bad.problems, ['IST0106 spec.http[0].retries.retryOn', 'IST0106 spec.http[0].retries.retryOn']);
    assert.deepEqual(bad.rule?.retries?.retryOn, []);
    // Without attempts nothing is retried, as in Istio: that is worth a word where more is asked.
    assert.deepEqual(parseRule({ retries: { attempts: 0 }, route }).problems, []);
    assert.deepEqual(parseRule({ retries: { retryOn: '5xx' }, route }).problems, ['IST0106 spec.http[0].retries']);
    assert.equal(parseRule({ retries: { attempts: 'x' }, route }).rule?.retries, undefined);
  });

  it('reads rewrites and header operations', () => {
    const { rule, problems } = parseRule({
      rewrite: { uri: '/a' },
      headers: { request: { set: { B: '1', a: '2', Host: 'h.org' }, remove: ['c'] }, response: { add: { d: '3' } } },
      route,
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(rule?.rewrite, { uri: '/a', uriRegexRewrite: undefined, authority: undefined });
    assert.deepEqual(rule?.headers, {
      request: {
        set: [
          ['B', '1'],
          ['a', '2'],
        ],
        add: [],
        remove: ['c'],
      },
      response: { set: [], add: [['d', '3']], remove: [] },
      authority: 'h.org',
    });
  });

  it('refuses header operations that would break or forge messages', () => {
    for (const request of [
      { set: { 'a b': '1' } },
      { add: { a: '1\r\nb: 2' } },
      { remove: ['a\n'] },
      { set: { a: 1 } },
    ]) {
      const { rule, problems } = parseRule({ headers: { request }, route });
      assert.ok(rule?.invalid?.includes('headers'), JSON.stringify(request));
      assert.ok(problems.length >= 1);
    }
    const { rule, diagnostics } = parseRule({
      headers: { request: { set: { 'Content-Length': '1', ':path': '/' } } },
      route,
    });
    assert.equal(rule?.invalid, undefined);
    assert.deepEqual(rule?.headers?.request.set, []);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['TG0008', 'TG0008'],
    );
  });

  it('reads redirects', () => {
    const { rule, problems } = parseRule({
      redirect: { uri: '/a', authority: 'b.org', scheme: 'https', derivePort: 'FROM_REQUEST_PORT', redirectCode: 308 },
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(rule?.redirect, { uri: '/a', authority: 'b.org', scheme: 'https', port: 'request', code: 308 });
    assert.deepEqual(parseRule({ redirect: { port: 81 } }).rule?.redirect?.port, 81);
    assert.deepEqual(parseRule({ redirect: {} }).problems, ['IST0106 spec.http[0].redirect']);
  });

  it('reads direct responses', () => {
    const response = (fields: object) => parseRule({ directResponse: { status: 200, ...fields } });
    assert.deepEqual(response({}).rule?.directResponse, { status: 200, body: undefined });
    assert.deepEqual(response({ body: { string: 'x' } }).rule?.directResponse?.body, { kind: 'string', value: 'x' });
    assert.deepEqual(response({ body: { bytes: 'AGI=' } }).rule?.directResponse?.body, {
      kind: 'bytes',
      base64: 'AGI=',
    });
    assert.deepEqual(response({ body: { string: 'x'.repeat(1 << 20) } }).problems, []);
  });

  it('reads timeouts, and forwards without one that is none', () => {
    assert.equal(parseRule({ route, timeout: '1.5s' }).rule?.timeoutMs, 1500);
    for (const timeout of ['0s', '-1s', '500us', '5', 'soon', 5, '99999999h']) {
      const { rule, problems } = parseRule({ route, timeout });
      assert.equal(rule?.timeoutMs, undefined);
      assert.deepEqual(problems, ['IST0106 spec.http[0].timeout']);
    }
  });

  it('answers 500 for a redirect or a direct response that cannot be used', () => {
    for (const [rule, path] of [
      [{ redirect: { redirectCode: 300 } }, 'redirect.redirectCode'],
      [{ redirect: { scheme: 'ftp' } }, 'redirect.scheme'],
      [{ redirect: { port: 70_000 } }, 'redirect.port'],
      [{ redirect: { port: 80, derivePort: 'FROM_REQUEST_PORT' } }, 'redirect'],
      [{ redirect: { uri: '/a\r\nx: y' } }, 'redirect.uri'],
      [{ redirect: 'there' }, 'redirect'],
      [{ directResponse: {} }, 'directResponse.status'],
      [{ directResponse: { status: 99 } }, 'directResponse.status'],
      [{ directResponse: { status: 200, body: { string: 'a', bytes: 'YQ==' } } }, 'directResponse.body'],
      [{ directResponse: { status: 200, body: { bytes: 'a b' } } }, 'directResponse.body.bytes'],
      [{ directResponse: { status: 200, body: { string: 'x'.repeat((1 << 20) + 1) } } }, 'directResponse.body'],
    ] as const) {
      const { rule: parsed, problems } = parseRule({ ...rule, route });
      assert.match(parsed?.invalid ?? '', /is not usable/, path);
      assert.deepEqual(problems, [`IST0106 spec.http[0].${path}`, 'TG0017 spec.http[0]']);
    }
  });

  it('does one thing for a rule that asks for several, and says so', () => {
    const { rule, problems } = parseRule({ redirect: { uri: '/a' }, directResponse: { status: 200 }, route });
    assert.equal(rule?.invalid, undefined);
    assert.deepEqual(problems, ['IST0106 spec.http[0].directResponse', 'IST0106 spec.http[0].route']);
  });

  it('answers 500 for a rule without usable destinations or weights', () => {
    const destination = { host: 'a' };
    for (const [rule, problem] of [
      [{}, 'TG0017 spec.http[0]'],
      [{ route: [] }, 'TG0017 spec.http[0]'],
      [{ route: [{ destination }, { destination }] }, 'TG0017 spec.http[0]'],
      [
        {
          route: [
            { destination, weight: 2 ** 31 - 1 },
            { destination, weight: 2 ** 31 - 1 },
            { destination, weight: 2 },
          ],
        },
        'TG0017 spec.http[0]',
      ],
      [{ route: [{ destination: {} }] }, 'IST0106 spec.http[0].route[0].destination.host'],
      [{ route: [{ destination, weight: -1 }] }, 'IST0106 spec.http[0].route[0].weight'],
      [{ route: [{ destination: { host: 'a', port: 80 } }] }, 'IST0106 spec.http[0].route[0].destination.port'],
      [
        { route: [{ destination: { host: 'a', port: { number: '80' } } }] },
        'IST0106 spec.http[0].route[0].destination.port.number',
      ],
      [{ route: [{ destination: { host: 'a', subset: 1 } }] }, 'IST0106 spec.http[0].route[0].destination.subset'],
      [{ route: [{ destination }, null] }, 'IST0106 spec.http[0].route[1]'],
      [{ route: [{}] }, 'IST0106 spec.http[0].route[0].destination'],
    ] as const) {
      const parsed = parseRule(rule);
      assert.notEqual(parsed.rule?.invalid, undefined, JSON.stringify(rule));
      assert.equal(parsed.problems[0], problem, JSON.stringify(rule));
      assert.equal(parsed.problems.at(-1), 'TG0017 spec.http[0]');
    }
  });

  it('leaves out a rule that is no map, and keeps the place of the others', () => {
    const { spec, problems } = parse({ http: [null, { route }] });
    assert.deepEqual(
      spec.http.map(({ index }) => index),
      [1],
    );
    assert.deepEqual(problems, ['IST0106 spec.http[0]']);
  });

  it('leaves out TCP rules that cannot be used, and never widens them', () => {
    const { spec, problems } = parse({
      tcp: [
        { match: [{ port: 'x' }], route },
        { match: [{ port: 1 }, { port: 0.5 }], route },
        { route: [] },
        { route },
      ],
    });
    assert.deepEqual(
      spec.tcp.map(({ index, match }) => [index, match.length]),
      [
        [1, 1],
        [3, 0],
      ],
    );
    assert.deepEqual(problems, [
      'IST0106 spec.tcp[0].match[0].port',
      'TG0017 spec.tcp[0]',
      'IST0106 spec.tcp[1].match[1].port',
      'TG0017 spec.tcp[2]',
    ]);
  });

  it('says that sources of TCP connections have no effect, as in Istio', () => {
    const match = { port: 1, sourceSubnet: '10.0.0.0/8', destinationSubnets: ['10.0.0.0/8'], sourceLabels: { a: 'b' } };
    const { spec, problems } = parse({ tcp: [{ match: [match], route }] });
    assert.equal(spec.tcp.length, 1);
    assert.deepEqual(
      problems.map((problem) => problem.slice(0, 6)),
      ['TG0008', 'TG0008', 'TG0008'],
    );
  });

  it('reads TLS routes, and what of them takes a connection', () => {
    const tlsOf = (rule: object) => parse({ tls: [{ route, ...rule }] });
    const { spec, problems } = tlsOf({
      match: [{ sniHosts: ['A.org', '*.b.org', 'a.org'], port: 443, gateways: ['g'] }],
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(spec.tls[0]?.match, [{ index: 0, port: 443, gateways: ['g'], sniHosts: ['a.org', '*.b.org'] }]);
    for (const [rule, problem] of [
      [{}, 'IST0106 spec.tls[0].match'],
      [{ match: [{ port: 443 }] }, 'IST0106 spec.tls[0].match[0].sniHosts'],
      [{ match: [{ sniHosts: ['a/b'] }] }, 'IST0106 spec.tls[0].match[0].sniHosts[0]'],
      [{ match: [{ sniHosts: ['a.org'], port: 'x' }] }, 'IST0106 spec.tls[0].match[0].port'],
      [{ match: [{ sniHosts: ['a.org'] }], route: [] }, 'TG0017 spec.tls[0]'],
    ] as const) {
      const parsed = tlsOf(rule);
      assert.deepEqual(parsed.spec.tls, [], JSON.stringify(rule));
      assert.equal(parsed.problems[0], problem, JSON.stringify(rule));
    }
    assert.deepEqual(tlsOf({ match: [{ sniHosts: ['a b', 'a.org'] }] }).spec.tls[0]?.match[0]?.sniHosts, ['a.org']);
  });
});
