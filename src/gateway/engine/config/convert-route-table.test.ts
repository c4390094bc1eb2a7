// What becomes of routes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { typeUrls } from '../../../xds/type-urls.ts';
import { routeOf, warningsOf } from './apply-resource.fixture.ts';
import type { ForwardAction } from './engine-config.ts';
import { routes, type, virtualHost } from './resources.fixture.ts';

describe('a route', () => {
  test("carries Istio's retry policy, timeout, owner and operation", () => {
    const previousHosts = {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: { '@type': type('extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate') },
    };
    const route = routeOf({
      name: 'r',
      match: { safe_regex: { regex: '/a.*' } },
      route: {
        weighted_clusters: {
          clusters: [
            { name: 'a', weight: 75 },
            { name: 'b', weight: 25 },
          ],
        },
        timeout: '1.5s',
        max_grpc_timeout: '0s',
        retry_policy: {
          retry_on: 'connect-failure,refused-stream, unavailable',
          num_retries: 2,
          retry_host_predicate: [previousHosts],
          host_selection_retry_max_attempts: '5',
          retriable_status_codes: [503],
        },
      },
      metadata: {
        filter_metadata: { istio: { config: '/apis/networking.istio.io/v1/namespaces/default/virtual-service/a' } },
      },
      decorator: { operation: 'a:80/*' },
    });
    const { match, ...rest } = route;
    assert.deepEqual(rest, {
      name: 'r',
      action: {
        kind: 'forward',
        clusters: {
          entries: [
            { cluster: 'a', weight: 75 },
            { cluster: 'b', weight: 25 },
          ],
          totalWeight: 100,
        },
        timeoutMs: 1500,
        maxGrpcTimeoutMs: 0,
        retry: {
          retryOn: ['connect-failure', 'refused-stream', 'unavailable'],
          numRetries: 2,
          perTryTimeoutMs: 0,
          retriableStatusCodes: [503],
          avoidPreviousHosts: true,
          hostSelectionMaxAttempts: 5,
          backOff: { baseMs: 25, maxMs: 250 },
        },
      } satisfies ForwardAction,
      decoratorOperation: 'a:80/*',
      owner: '/apis/networking.istio.io/v1/namespaces/default/virtual-service/a',
    });
    assert.ok(match.path.kind === 'regex' && match.path.matches('/abc') && !match.path.matches('/b'));
  });

  test("without a timeout has Envoy's 15 seconds, and the virtual host's retry policy", () => {
    const { action } = routeOf(
      { match: { path: '/' }, route: { cluster: 'a' } },
      { retry_policy: { retry_on: '5xx' } },
    );
    assert.ok(action.kind === 'forward');
    assert.equal(action.timeoutMs, 15_000);
    assert.deepEqual(
      [action.retry?.retryOn, action.retry?.numRetries, action.retry?.hostSelectionMaxAttempts],
      [['5xx'], 1, 1],
    );
  });

  test('may answer itself', () => {
    const { action } = routeOf({
      match: { prefix: '/' },
      direct_response: { status: 418, body: { inline_string: 'tea' } },
    });
    assert.deepEqual(action, { kind: 'direct', status: 418, body: new TextEncoder().encode('tea') });
  });

  test('with a predicate that cannot be judged matches nothing, and says so', () => {
    const range = { name: 'x', range_match: { start: '1', end: '2' } };
    const unknown: readonly (readonly [JsonObject, string])[] = [
      [{ headers: [range] }, '.Headers[0]: range_match'],
      [{ grpc: {} }, ': grpc'],
    ];
    for (const [predicate, warning] of unknown) {
      const guarded = { match: { prefix: '/', ...predicate }, route: { cluster: 'a' } };
      const { match } = routeOf(guarded);
      assert.equal(match.path.kind === 'regex' && match.path.matches('/'), false);
      assert.deepEqual(warningsOf(typeUrls.route, routes('http.80', [virtualHost(['a.org'], [guarded])])), [
        `VirtualHosts[0].Routes[0].Match${warning} is not supported by the embedded engine: the route matches no request`,
      ]);
    }
  });

  test('has predicates over headers and query parameters', () => {
    const { match } = routeOf({
      match: {
        prefix: '/',
        headers: [
          { name: 'X-Here', present_match: true },
          { name: 'x-not', string_match: { suffix: 'B', ignore_case: true }, invert_match: true },
        ],
        query_parameters: [{ name: 'q', string_match: { safe_regex: { regex: '[0-9]+' } } }],
      },
      route: { cluster: 'a' },
    });
    assert.deepEqual(
      match.headers?.map(({ name, value, invert }) => [name, value?.text, invert]),
      [
        ['x-here', undefined, false],
        ['x-not', 'suffix B', true],
      ],
    );
    assert.equal(match.headers?.[1]?.value?.matches('aab'), true);
    assert.deepEqual(
      match.queryParameters?.map(({ name, value }) => [name, value?.matches('12'), value?.matches('1a')]),
      [['q', true, false]],
    );
  });

  test('with an action that is not known is answered with 500, and says so', () => {
    const regexRewrite = { pattern: { regex: 'a' }, substitution: 'b' };
    const redirect = { match: { prefix: '/' }, redirect: { regex_rewrite: regexRewrite } };
    assert.deepEqual(routeOf(redirect).action, { kind: 'direct', status: 500, body: new Uint8Array() });
    assert.equal(warningsOf(typeUrls.route, routes('http.80', [virtualHost(['a.org'], [redirect])])).length, 1);
  });
});

test('warnings of a table do not grow without end', () => {
  const many = Array.from({ length: 5000 }, () => ({ match: { prefix: '/', grpc: {} }, route: { cluster: 'a' } }));
  const warnings = warningsOf(typeUrls.route, routes('http.80', [virtualHost(['a.org'], many)]));
  assert.equal(warnings.length, 50);
  assert.equal(warnings[49], 'and 4951 more');

  test('takes faults of its own, and refuses those that Envoy refuses', () => {
    const fault = (config: JsonObject) => ({
      name: 'r',
      match: { prefix: '/' },
      route: { cluster: 'a' },
      typed_per_filter_config: {
        'envoy.filters.http.fault': { '@type': type('extensions.filters.http.fault.v3.HTTPFault'), ...config },
      },
    });
    const half = { numerator: 50 };
    const delay = { fixed_delay: '1.5s', percentage: { numerator: 250_000, denominator: 'MILLION' } };
    assert.deepEqual(routeOf(fault({ delay, abort: { http_status: 503, percentage: half } })).fault, {
      delay: { ms: 1500, share: 0.25 },
      abort: { status: 503, grpcStatus: undefined, share: 0.5 },
    });
    assert.deepEqual(routeOf(fault({ abort: { grpc_status: 14 } })).fault, {
      abort: { status: 200, grpcStatus: 14, share: 0 },
    });
    for (const [config, reason] of [
      [{ abort: { http_status: 199 } }, /HttpStatus: value must be inside range \[200, 600\)/],
      [{ abort: {} }, /error_type/],
      [{ delay: { fixed_delay: '0s' } }, /FixedDelay: value must be greater than 0s/],
      [{ delay: {} }, /fault_delay_secifier/],
    ] as const)
      assert.throws(() => routeOf(fault(config)), reason);
  });
});
