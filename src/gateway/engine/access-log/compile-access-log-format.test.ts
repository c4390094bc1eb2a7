// The access log against what Envoy 1.40 wrote (corpus cases 64 and 65, and Envoy's own validation of formats).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AccessLogConfig, JsonTemplate } from '../config/engine-config.ts';
import type { RequestInfo } from '../config/request-info.ts';
import { compileAccessLogFormat, defaultTextFormat } from './compile-access-log-format.ts';
import { connectionInfo, requestInfo } from './request-info.fixture.ts';

const istioText =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

const environment = {
  hostname: 'gateway-0',
  now: () => Date.UTC(2026, 10, 23),
  variable: (name: string) => `<${name}>`,
};

function compile(format: AccessLogConfig['format']): (info: RequestInfo) => string {
  const compiled = compileAccessLogFormat(format, environment);
  assert.equal(compiled.kind, 'ok', compiled.kind === 'error' ? compiled.error : '');
  return compiled.kind === 'ok' ? compiled.format : () => '';
}

const text = (template: string, info: RequestInfo = requestInfo()): string => compile({ kind: 'text', template })(info);

function json(template: JsonTemplate, info: RequestInfo = requestInfo(), omitEmptyValues = false): string {
  return compile({ kind: 'json', template, omitEmptyValues })(info);
}

function errorOf(template: string): string | undefined {
  const compiled = compileAccessLogFormat({ kind: 'text', template }, environment);
  return compiled.kind === 'error' ? compiled.error : undefined;
}

describe("Istio's text format writes what Envoy recorded", () => {
  const client = { 'x-forwarded-for': '127.1.0.77', 'x-request-id': 'e3b0', 'user-agent': 'corpus/1' };
  test('a request that was answered by its backend', () => {
    const info = requestInfo({ requestHeaders: client, responseHeaders: { 'x-envoy-upstream-service-time': '10' } });
    assert.equal(
      text(istioText, info),
      '[2026-11-23T23:50:13.569Z] "GET /ok?x=1 HTTP/1.1" 200 - via_upstream - "-" 0 4 12 10 "127.1.0.77" "corpus/1" "e3b0" "l.example.com" "127.1.64.1:8080" outbound|80||echo.default.svc.cluster.local 127.1.64.1:43210 127.1.0.77:80 127.1.0.77:55555 - ok-route\n',
    );
  });

  test('a refused connection, whose reason is one word of the line', () => {
    const info = requestInfo({
      requestHeaders: client,
      path: '/refused',
      responseCode: 503,
      responseFlags: ['UF'],
      responseCodeDetails:
        'upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error: Connection refused}',
      upstreamTransportFailureReason: 'delayed_connect_error: Connection refused',
      bytesSent: 98,
      upstreamLocalAddress: undefined,
      routeName: '',
    });
    assert.match(
      text(istioText, info),
      /"GET \/refused HTTP\/1.1" 503 UF upstream_reset_before_response_started\{remote_connection_failure\|delayed_connect_error:_Connection_refused\} - "delayed_connect_error:_Connection_refused" 0 98 12 - .* - 127.1.0.77:80 127.1.0.77:55555 - -\n$/,
    );
  });

  test('a TCP connection', () => {
    const info = connectionInfo({ bytesReceived: 4, bytesSent: 21 });
    assert.equal(
      text(istioText, info),
      '[2026-11-23T23:50:13.569Z] "- - -" 0 - - - "-" 4 21 12 - "-" "-" "-" "-" "127.1.64.1:8080" outbound|80||echo.default.svc.cluster.local 127.1.64.1:43210 127.1.0.77:80 127.1.0.77:55555 - -\n',
    );
  });

  test('a TLS connection that no filter chain takes', () => {
    const info = connectionInfo({
      responseFlags: ['NR'],
      responseCodeDetails: 'filter_chain_not_found',
      bytesSent: 0,
      upstreamHost: undefined,
      upstreamLocalAddress: undefined,
      upstreamCluster: undefined,
      requestedServerName: 'zz.example.org',
    });
    assert.match(
      text(istioText, info),
      /"- - -" 0 NR filter_chain_not_found - "-" 0 0 12 - "-" "-" "-" "-" "-" - - 127.1.0.77:80 127.1.0.77:55555 zz.example.org -\n$/,
    );
  });
});

describe('JSON', () => {
  test('keeps the type of a single operator, and null for what is not there', () => {
    const template = {
      response_code: '%RESPONSE_CODE%',
      bytes_sent: '%BYTES_SENT%',
      duration: '%DURATION%',
      attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
      port: '%DOWNSTREAM_LOCAL_PORT%',
      response_flags: '%RESPONSE_FLAGS%',
      user_agent: '%REQ(USER-AGENT)%',
      route_name: '%ROUTE_NAME%',
    };
    assert.deepEqual(JSON.parse(json(template)), {
      response_code: 200,
      bytes_sent: 4,
      duration: 12,
      attempts: 1,
      port: 80,
      response_flags: '-',
      user_agent: null,
      route_name: 'ok-route',
    });
  });

  test('writes a mixture as text, literals as they are, keys in order, one line', () => {
    const template = {
      z: 'x%%y',
      mix: '%PROTOCOL% %REQ(nope)% %RESPONSE_CODE%',
      n: 1.5,
      t: true,
      l: ['%PROTOCOL%', 1, null],
      o: { b: 'lit', a: '' },
    };
    assert.equal(
      json(template),
      '{"l":["HTTP/1.1",1,null],"mix":"HTTP/1.1 - 200","n":1.5,"o":{"a":"","b":"lit"},"t":true,"z":"x%y"}\n',
    );
  });

  test('leaves out what is not there where the log asks for it', () => {
    const template = { a: '%REQ(nope)%', b: 'x%REQ(nope)%', c: ['%REQ(nope)%', 1], d: '%PROTOCOL%' };
    assert.equal(json(template, requestInfo(), true), '{"b":"x","c":[1],"d":"HTTP/1.1"}\n');
    assert.equal(compile({ kind: 'text', template: '[%REQ(nope)%]', omitEmptyValues: true })(requestInfo()), '[]');
  });
});

describe('operators', () => {
  const cases: readonly (readonly [string, string, RequestInfo?])[] = [
    ['100%%', '100%'],
    ['%REQ(user-agent):3%', 'cur', requestInfo({ requestHeaders: { 'user-agent': 'curl/8' } })],
    ['%REQ(X-A?X-B)%', 'b', requestInfo({ requestHeaders: { 'x-b': 'b' } })],
    [
      '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
      '/old',
      requestInfo({ requestHeaders: { 'x-envoy-original-path': '/old' } }),
    ],
    ['%REQ_WITHOUT_QUERY(:PATH)%', '/ok'],
    ['%PATH(NQ)% %PATH% %PATH(WQ:ORIG)%', '/ok /ok?x=1 -'],
    ['%QUERY_PARAM(x)% %QUERY_PARAM(y)% %QUERY_PARAMS%', '1 - x=1'],
    ['%RESP(:STATUS)% %TRAILER(t)%', '200 v', requestInfo({ responseTrailers: { t: 'v' } })],
    [
      '%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%',
      'UF,URX UpstreamConnectionFailure,UpstreamRetryLimitExceeded',
      requestInfo({ responseFlags: ['URX', 'UF'] }),
    ],
    [
      '%UPSTREAM_CLUSTER% %UPSTREAM_CLUSTER_RAW%',
      'alt; raw',
      requestInfo({ upstreamCluster: 'raw', upstreamClusterAltStatName: 'alt;' }),
    ],
    [
      '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%|%DOWNSTREAM_REMOTE_PORT%',
      '::1|9',
      requestInfo({ downstreamRemoteAddress: '[::1]:9' }),
    ],
    ['%REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%', '1 10 2'],
    ['%RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%', 'a b', requestInfo({ responseCodeDetails: 'a b' })],
    ['%REQUESTED_SERVER_NAME%', 'invalid:a_b', requestInfo({ requestedServerName: 'a"b' })],
    ['%REQUESTED_SERVER_NAME(HOST_FIRST)%', 'l.example.com'],
    ['%HOSTNAME% %EMIT_TIME% %ENVIRONMENT(A):2%', 'gateway-0 2026-11-23T00:00:00.000Z <A'],
    ['%GRPC_STATUS% %GRPC_STATUS_NUMBER%', '- -'],
    [
      '%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%',
      'NotFound NOT_FOUND 5',
      requestInfo({
        requestHeaders: { 'content-type': 'application/grpc+proto' },
        responseTrailers: { 'grpc-status': '5' },
      }),
    ],
    ['%METADATA(ROUTE:istio)% %FILTER_STATE(a)% %DYNAMIC_METADATA(x:y)%', '- - -'],
  ];
  for (const [template, expected, info] of cases) {
    test(template, () => assert.equal(text(template, info), expected));
  }

  test('names those it has no value for', () => {
    const compiled = compileAccessLogFormat({ kind: 'text', template: '%TRACE_ID% %METADATA(ROUTE:a)% %PROTOCOL%' });
    assert.deepEqual(compiled.kind === 'ok' && compiled.unsupported, ['METADATA', 'TRACE_ID']);
  });

  test("writes Envoy's own format where none is given", () => {
    assert.match(
      text(defaultTextFormat),
      /^\[2026-.*\] "GET \/ok\?x=1 HTTP\/1.1" 200 - 0 4 12 - "-" "-" "-" "l.example.com" "127.1.64.1:8080"\n$/,
    );
  });
});

describe('a format that Envoy refuses is refused in its words', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a%', "Incorrect configuration: a%. Couldn't find valid command at position 1"],
    ['%REQ(a)%%', "Incorrect configuration: %REQ(a)%%. Couldn't find valid command at position 8"],
    ['%req(a)%', "Incorrect configuration: %req(a)%. Couldn't find valid command at position 0"],
    ['%REQ(a):x%', "Incorrect configuration: %REQ(a):x%. Couldn't find valid command at position 0"],
    [
      '%REQ(a):99999999999999999999999%',
      "Incorrect configuration: %REQ(a):99999999999999999999999%. Couldn't find valid command at position 0",
    ],
    ['%FOO(x)%', 'Not supported field in StreamInfo: FOO'],
    ['%REQ()%', 'REQ requires parameters'],
    ['%REQ(a?b?c)%', 'More than 1 alternative header specified in token: a?b?c'],
    ['%REQ(:X Y)%', 'Invalid header configuration. Format string contains invalid characters.'],
    ['%DURATION(x)%', 'DURATION does not take any parameters or length'],
    ['%DURATION:3%', 'DURATION does not take any parameters or length'],
    ['%START_TIME:3%', 'START_TIME does not allow length to be specified.'],
    ['%START_TIME(%n)%', 'Invalid header configuration. Format string contains newline.'],
    ['%START_TIME(%En)%', 'Invalid header configuration. Format string contains newline.'],
    ['%DYNAMIC_METADATA%', 'DYNAMIC_METADATA requires parameters'],
    ['%FILTER_STATE%', 'Invalid filter state configuration, key cannot be empty.'],
    ['%FILTER_STATE(a:B)%', 'Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.'],
    ['%METADATA(FOO:a)%', 'FOO is not supported type of metadata'],
    ['%PATH(X)%', "Invalid PATH option: 'X', only 'WQ'/'NQ' are allowed"],
    ['%PATH(WQ:X)%', "Invalid PATH option: 'X', only 'ORIG'/'PATH'/'ORIG_OR_PATH' are allowed"],
    ['%GRPC_STATUS(X)%', 'GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: X'],
    ['%QUERY_PARAMS(x)%', "Invalid QUERY_PARAMS option: 'x', only 'ORIG'/'DECODED' are allowed"],
    ['%COMMON_DURATION(X)%', 'Invalid common duration configuration: X.'],
    ['%COMMON_DURATION(A:B:C)%', 'Invalid common duration precision: C.'],
    ['%toString%', "Incorrect configuration: %toString%. Couldn't find valid command at position 0"],
  ];
  for (const [template, error] of cases) {
    test(template, () => assert.equal(errorOf(template), error));
  }

  test('also inside JSON, however deep', () => {
    const compiled = compileAccessLogFormat({ kind: 'json', template: { a: [{ b: '%FOO%' }] } });
    assert.deepEqual(compiled, { kind: 'error', error: 'Not supported field in StreamInfo: FOO' });
    let deep: JsonTemplate = '%PROTOCOL%';
    for (let i = 0; i < 10_000; i++) deep = [deep];
    assert.equal(compileAccessLogFormat({ kind: 'json', template: deep }).kind, 'error');
  });
});

describe('whatever comes in', () => {
  test('compiling never throws, and what compiles writes a line', () => {
    const commandLike = fc
      .array(fc.constantFrom('%', '%%', 'REQ', '(', ')', ':', '3', 'START_TIME', '?', ' ', 'x', '\n', '%PROTOCOL%'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), commandLike), (template) => {
        const compiled = compileAccessLogFormat({ kind: 'text', template }, environment);
        if (compiled.kind === 'ok') assert.equal(typeof compiled.format(requestInfo()), 'string');
        else assert.notEqual(compiled.error, '');
      }),
    );
  });

  test('a header value cannot end a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const info = requestInfo({ requestHeaders: { evil: value }, path: value, authority: value, routeName: value });
        const line = text('%REQ(EVIL)% %REQ(:PATH)% %REQ(:AUTHORITY)% %ROUTE_NAME% %REQUESTED_SERVER_NAME%', info);
        assert.doesNotMatch(line, /[\n\r\0]/);
      }),
      { examples: [['a\r\nb\0c']] },
    );
  });

  test('a header value cannot break out of its JSON string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const info = requestInfo({ requestHeaders: { evil: value } });
        const line = json({ evil: '%REQ(EVIL)%', mix: 'x%REQ(EVIL)%' }, info);
        assert.doesNotMatch(line.slice(0, -1), /[\n\r\0]/);
        assert.deepEqual(Object.keys(JSON.parse(line)), ['evil', 'mix']);
      }),
      { examples: [['","admin":"true'], ['\\'], ['\u2028']] },
    );
  });

  test('bytes that are UTF-8 are shown as text, others one by one', () => {
    const asHeader = (bytes: Buffer): RequestInfo => requestInfo({ requestHeaders: { h: bytes.toString('latin1') } });
    assert.equal(text('%REQ(H)%', asHeader(Buffer.from('é €'))), 'é €');
    assert.equal(json({ h: '%REQ(H)%' }, asHeader(Buffer.from([0xff, 0xc3, 0x28]))), '{"h":"ÿÃ("}\n');
  });
});
