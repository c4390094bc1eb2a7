// Expressions of access log filters: what they can ask, and that nothing in them fails loudly.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileAccessLogConditions } from './compile-access-log-conditions.ts';
import { compileExpression } from './compile-expression.ts';
import { connectionInfo, type RequestInfoFixture, requestInfo } from './request-info.fixture.ts';

function holds(expression: string, info: ReturnType<typeof requestInfo>): boolean {
  const compiled = compileExpression(expression);
  assert.equal(compiled.kind, 'ok', expression);
  return compiled.kind === 'ok' && compiled.holds(info);
}

const fixture: RequestInfoFixture = {
  path: '/a/b?x=1',
  method: 'POST',
  responseCode: 503,
  responseFlags: ['UF', 'URX'],
  durationMs: 1500,
  requestHeaders: { 'x-tenant': 'blue', 'user-agent': 'curl' },
  responseHeaders: { 'content-type': 'text/plain' },
  requestedServerName: 'a.example.com',
};

describe('an expression', () => {
  const info = requestInfo(fixture);
  for (const expression of [
    'response.code >= 400',
    'response.code == 503 && request.method == "POST"',
    'request.path == "/a/b?x=1" && request.url_path == "/a/b" && request.query == "x=1"',
    'request.host == "l.example.com"',
    'request.headers["x-tenant"] == "blue"',
    'request.headers["X-Tenant"] == "blue"',
    '"x-tenant" in request.headers',
    '!("x-other" in request.headers)',
    'has(request.useragent) && !has(request.referer)',
    'request.headers[":method"] == "POST"',
    'response.headers["content-type"].startsWith("text/")',
    'request.path.matches("^/a/.*")',
    // UF is bit 5, URX bit 15.
    'response.flags == 32800',
    'request.duration > duration("1s")',
    'request.time > timestamp("2026-01-01T00:00:00Z")',
    'source.address == "127.1.0.77:55555" && source.port == 55555',
    'destination.port == 80',
    'connection.requested_server_name == "a.example.com"',
    'upstream.address == "127.1.64.1:8080" && upstream.port == 8080',
    'xds.route_name == "ok-route"',
    'response.grpc_status == 14',
    'size(request.path) > 3 ? true : false',
    'request.method in ["POST", "PUT"]',
  ])
    test(expression, () => assert.equal(holds(expression, info), true));

  for (const expression of [
    'response.code < 400',
    // Fails, so it does not hold.
    'request.headers["x-other"] == "1"',
    'request.referer == ""',
    'nothing.like.this == 1',
    'request.path + 1 == 2',
    // Not a boolean.
    'request.path',
    'response.code',
  ])
    test(`${expression} does not hold`, () => assert.equal(holds(expression, info), false));

  test('finds nothing of HTTP in a TCP connection', () => {
    assert.equal(holds('has(request.path) || has(response.code)', connectionInfo()), false);
    assert.equal(holds('source.port == 55555', connectionInfo()), true);
  });

  test('that cannot be read is an error', () => {
    assert.equal(compileExpression('request.path ==').kind, 'error');
    assert.equal(compileExpression('').kind, 'error');
  });

  test('says which attributes the engine has not', () => {
    const compiled = compileExpression('metadata.filter_metadata["a"]["b"] == "c" || xds.node.id == "x"');
    assert.deepEqual(compiled.kind === 'ok' && compiled.unsupported, ['metadata', 'xds.node']);
  });

  test('never throws, whatever it is', () => {
    const word = fc.constantFrom(
      ...[
        'request',
        '.path',
        '["a"]',
        '==',
        '(',
        ')',
        '1',
        '"x"',
        '&&',
        '!',
        ' in ',
        '[',
        ']',
        '{',
        ':',
        '.matches("("',
        '-',
      ],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const compiled = compileExpression(words.join(''));
        if (compiled.kind === 'ok') assert.equal(typeof compiled.holds(info), 'boolean');
      }),
    );
  });
});

test('conditions choose what is logged, and all have to hold', () => {
  const flagged = requestInfo({ responseFlags: ['NR'], responseCode: 404 });
  const conditions = [
    [],
    [{ kind: 'response-flags', flags: ['NR'] }],
    [{ kind: 'response-flags', flags: ['UH'] }],
    [{ kind: 'response-flags', flags: [] }],
    [{ kind: 'expression', expression: 'response.code == 404' }],
    [
      { kind: 'response-flags', flags: [] },
      { kind: 'expression', expression: 'response.code == 200' },
    ],
  ] as const;
  assert.deepEqual(
    conditions.map((all) => compileAccessLogConditions(all)).map((wants) => [wants(flagged), wants(requestInfo())]),
    [
      [true, true],
      [true, false],
      [false, false],
      [true, false],
      [true, false],
      [false, false],
    ],
  );
});
