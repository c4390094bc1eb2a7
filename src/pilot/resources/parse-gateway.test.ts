// Istio's Gateway: a server that cannot be used costs itself, never the others and never safety.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { GatewaySpec } from './gateway.ts';
import { parseObject } from './parse-object.ts';

const origin = { source: 'a.yaml', index: 0, locate: () => undefined };

function parse(
  spec: unknown,
  apiVersion = 'networking.istio.io/v1',
): { spec: GatewaySpec; diagnostics: readonly Diagnostic[]; problems: string[] } {
  const { resource, diagnostics } = parseObject(
    { apiVersion, kind: 'Gateway', metadata: { name: 'gw' }, spec },
    origin,
  );
  assert.ok(resource && 'servers' in resource.spec, JSON.stringify(diagnostics));
  return { spec: resource.spec, diagnostics, problems: diagnostics.map(({ code, path }) => `${code} ${path}`) };
}

const http = { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] };
const https = (tls: unknown): unknown => ({
  port: { number: 443, name: 'https', protocol: 'HTTPS' },
  hosts: ['*'],
  tls,
});
const usable = (spec: GatewaySpec): number[] => spec.servers.map(({ index }) => index);

describe('Gateway', () => {
  it('reads servers in all three versions of the API', () => {
    const tls = { mode: 'SIMPLE', serverCertificate: '/c', privateKey: '/k' };
    for (const version of ['v1', 'v1beta1', 'v1alpha3']) {
      const { spec, problems } = parse(
        { selector: { istio: 'ingressgateway' }, servers: [http, https(tls)] },
        `networking.istio.io/${version}`,
      );
      assert.deepEqual(problems, []);
      assert.deepEqual(spec, {
        selector: { istio: 'ingressgateway' },
        servers: [
          { index: 0, name: undefined, bind: undefined, ...http, tls: undefined },
          {
            index: 1,
            name: undefined,
            bind: undefined,
            port: { number: 443, name: 'https', protocol: 'HTTPS' },
            hosts: ['*'],
            tls: {
              httpsRedirect: false,
              mode: 'SIMPLE',
              credentials: [],
              files: [
                { serverCertificate: '/c', privateKey: '/k', caCertificates: undefined, caCrl: undefined, field: [] },
              ],
              caCertCredentialName: undefined,
              insecureSkipVerify: false,
              subjectAltNames: [],
              verifyCertificateSpki: [],
              verifyCertificateHash: [],
              minProtocolVersion: undefined,
              maxProtocolVersion: undefined,
              cipherSuites: [],
              ecdhCurves: [],
            },
          },
        ],
      });
    }
  });

  it('says that a Gateway without servers opens no port', () => {
    for (const servers of [[], undefined]) assert.deepEqual(parse({ servers }).problems, ['TG0009 spec.servers']);
    assert.deepEqual(parse({ servers: null }).problems, ['IST0106 spec.servers', 'TG0009 spec.servers']);
  });

  it('leaves out the servers that cannot be used', () => {
    const port = { number: 80, name: 'a', protocol: 'HTTP' };
    for (const [server, problem] of [
      [null, 'spec.servers[0]'],
      [{ hosts: ['*'] }, 'spec.servers[0].port'],
      [{ hosts: ['*'], port: { ...port, number: 0 } }, 'spec.servers[0].port.number'],
      [{ hosts: ['*'], port: { ...port, number: '80' } }, 'spec.servers[0].port.number'],
      [{ hosts: ['*'], port: { ...port, number: 65536 } }, 'spec.servers[0].port.number'],
      [{ hosts: ['*'], port: { ...port, name: '' } }, 'spec.servers[0].port.name'],
      [{ hosts: ['*'], port: { ...port, protocol: 'UDP' } }, 'spec.servers[0].port.protocol'],
      [{ hosts: ['*'], port: { ...port, protocol: undefined } }, 'spec.servers[0].port.protocol'],
      [{ port }, 'spec.servers[0].hosts'],
      [{ port, hosts: [] }, 'spec.servers[0].hosts'],
      [{ port, hosts: '*' }, 'spec.servers[0].hosts'],
      [{ port, hosts: ['http://a'] }, 'spec.servers[0].hosts[0]'],
      [{ port, hosts: ['*'], bind: 1 }, 'spec.servers[0].bind'],
      [https({ mode: 'simple' }), 'spec.servers[0].tls.mode'],
      [https({ mode: 'SIMPLE', credentialName: 1 }), 'spec.servers[0].tls.credentialName'],
      [https('SIMPLE'), 'spec.servers[0].tls'],
    ] as const) {
      const { spec, problems } = parse({ servers: [server, { ...http, port: { ...http.port, name: 'b' } }] });
      assert.deepEqual(usable(spec), [1], JSON.stringify(server));
      assert.deepEqual(problems, [`IST0106 ${problem}`], JSON.stringify(server));
    }
  });

  it('keeps the usable hosts of a server', () => {
    const hosts = [
      'a.example.com',
      '*.b',
      'ns/c',
      './d',
      '*/e',
      'A.B',
      'x_y.z',
      '10.0.0.1',
      'a b',
      '*x',
      'NS/c',
      'a:80',
      '',
      7,
      null,
    ];
    const { spec, problems } = parse({ servers: [{ ...http, hosts }] });
    assert.deepEqual(spec.servers[0]?.hosts, [
      'a.example.com',
      '*.b',
      'ns/c',
      './d',
      '*/e',
      'A.B',
      'x_y.z',
      '10.0.0.1',
    ]);
    assert.equal(problems.length, 7);
  });

  it('reads protocols in any case', () => {
    const { spec } = parse({ servers: [{ ...http, port: { ...http.port, protocol: 'grpc-Web' } }] });
    assert.equal(spec.servers[0]?.port.protocol, 'GRPC-WEB');
  });

  it('never widens a broken selector to all gateways', () => {
    const { spec, problems } = parse({ selector: { istio: 1 }, servers: [http] });
    assert.deepEqual(spec.servers, []);
    assert.deepEqual(problems, ['IST0106 spec.selector.istio']);
  });

  it('shows every TLS mode to the model', () => {
    for (const mode of ['PASSTHROUGH', 'MUTUAL', 'OPTIONAL_MUTUAL', 'ISTIO_MUTUAL', 'AUTO_PASSTHROUGH']) {
      const { spec, problems } = parse({ servers: [https({ mode })] });
      assert.equal(spec.servers[0]?.tls?.mode, mode);
      assert.deepEqual(problems, []);
    }
  });

  it('reads where certificates come from, and what is asked of TLS', () => {
    const tlsOf = (tls: object) => {
      const { spec, problems } = parse({ servers: [https({ mode: 'MUTUAL', ...tls })] });
      return { tls: spec.servers[0]?.tls, problems };
    };
    assert.deepEqual(tlsOf({ credentialName: 'a', credentialNames: ['b', 'c'] }).tls?.credentials, [
      { name: 'b', field: ['credentialNames', 0] },
      { name: 'c', field: ['credentialNames', 1] },
    ]);
    assert.deepEqual(tlsOf({ tlsCertificates: [{ serverCertificate: '/c', caCertificates: '/a' }] }).tls?.files, [
      {
        serverCertificate: '/c',
        privateKey: undefined,
        caCertificates: '/a',
        caCrl: undefined,
        field: ['tlsCertificates', 0],
      },
    ]);
    const odd = tlsOf({
      cipherSuites: ['AES128-SHA', 'RC4-MD5'],
      ecdhCurves: ['P-256', 'P-1'],
      maxProtocolVersion: 'TLS_AUTO',
    });
    assert.deepEqual(
      [odd.tls?.cipherSuites, odd.tls?.ecdhCurves, odd.tls?.maxProtocolVersion, odd.problems],
      [
        ['AES128-SHA'],
        ['P-256'],
        undefined,
        ['IST0106 spec.servers[0].tls.cipherSuites[1]', 'IST0106 spec.servers[0].tls.ecdhCurves[1]'],
      ],
    );
    for (const broken of [
      { minProtocolVersion: 'TLSV1_4' },
      { verifyCertificateHash: ['abc'] },
      { verifyCertificateSpki: [`${'A'.repeat(43)}`] },
      { subjectAltNames: 'a' },
      { cipherSuites: 'AES128-SHA' },
    ])
      assert.equal(tlsOf(broken).tls, undefined, JSON.stringify(broken));
  });

  it('says what has no effect at all', () => {
    const server = { ...http, defaultEndpoint: 'x', port: { ...http.port, targetPort: 8080 } };
    const { diagnostics } = parse({ servers: [server] });
    assert.deepEqual(
      diagnostics.map(({ severity, code }) => `${severity} ${code}`),
      ['info TG0008', 'info TG0008'],
    );
  });

  it('warns of a port name that is used twice, and serves both', () => {
    const { spec, problems } = parse({ servers: [http, http] });
    assert.equal(spec.servers.length, 2);
    assert.deepEqual(problems, ['IST0106 spec.servers[1].port.name']);
  });
});
