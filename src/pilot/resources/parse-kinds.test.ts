// Services, endpoints, Pods, Secrets and ConfigMaps: what is read, and what a broken field costs.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseObject } from './parse-object.ts';
import type { Resource, ResourceKind, Specs } from './resource.ts';

const origin = { source: 'a.yaml', index: 0, locate: () => undefined };
const apiVersions: Partial<Record<ResourceKind, string>> = { EndpointSlice: 'discovery.k8s.io/v1' };

interface Parsed<Kind extends ResourceKind> {
  readonly spec: Specs[Kind];
  /** `code path`. */
  readonly problems: readonly string[];
  readonly text: string;
}

function isKind<Kind extends ResourceKind>(resource: Resource | undefined, kind: Kind): resource is Resource<Kind> {
  return resource?.kind === kind;
}

function parse<Kind extends ResourceKind>(kind: Kind, fields: object, metadata: object = {}): Parsed<Kind> {
  const value = { apiVersion: apiVersions[kind] ?? 'v1', kind, metadata: { name: 'a', ...metadata }, ...fields };
  const { resource, diagnostics } = parseObject(value, origin);
  assert.ok(isKind(resource, kind), JSON.stringify(diagnostics));
  const problems = diagnostics.map(({ code, path }) => `${code} ${path}`);
  return { spec: resource.spec, problems, text: JSON.stringify(diagnostics) };
}

describe('Service', () => {
  it('reads ports with the defaults of the API', () => {
    const { spec, problems } = parse('Service', {
      spec: {
        type: 'NodePort',
        selector: { app: 'a' },
        clusterIP: 'None',
        ports: [
          { name: 'http', port: 80, targetPort: 'web', nodePort: 30000, appProtocol: 'kubernetes.io/h2c' },
          { name: 'dns', port: 53, protocol: 'UDP', nodePort: 0 },
        ],
      },
      status: { loadBalancer: {} },
    });
    assert.deepEqual(problems, []);
    const common = { appProtocol: undefined, nodePort: undefined };
    assert.deepEqual(spec, {
      type: 'NodePort',
      clusterIP: 'None',
      externalName: undefined,
      selector: { app: 'a' },
      publishNotReadyAddresses: false,
      trafficDistribution: undefined,
      ports: [
        {
          name: 'http',
          port: 80,
          protocol: 'TCP',
          targetPort: 'web',
          nodePort: 30000,
          appProtocol: 'kubernetes.io/h2c',
        },
        { ...common, name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
      ],
    });
  });

  it('leaves out a port that cannot be used, and keeps the others', () => {
    const ports = [{ port: 0 }, { port: '80' }, null, { name: 'x' }, { port: 1, protocol: 'tcp' }, { port: 8080 }];
    const { spec, problems } = parse('Service', { spec: { ports } });
    assert.deepEqual(
      spec.ports.map(({ port }) => port),
      [8080],
    );
    assert.deepEqual(problems, [
      'IST0106 spec.ports[0].port',
      'IST0106 spec.ports[1].port',
      'IST0106 spec.ports[2]',
      'IST0106 spec.ports[3].port',
      'IST0106 spec.ports[4].protocol',
    ]);
  });

  it('reports names and numbers used twice, and missing names among several', () => {
    const ports = [
      { name: 'a', port: 1 },
      { name: 'a', port: 2 },
      { name: 'b', port: 1 },
      { port: 3 },
      { name: 'u', port: 1, protocol: 'UDP' },
    ];
    const { spec, problems } = parse('Service', { spec: { ports } });
    assert.deepEqual(
      spec.ports.map(({ name, port }) => `${name}:${port}`),
      ['a:1', ':3', 'u:1'],
    );
    assert.deepEqual(problems, [
      'IST0106 spec.ports[1].name',
      'IST0106 spec.ports[2].port',
      'IST0106 spec.ports[3].name',
    ]);
  });

  it('takes the port itself for a targetPort that is none', () => {
    const ports = [{ port: 80, targetPort: '8080' }];
    const { spec, problems } = parse('Service', { spec: { ports } });
    assert.equal(spec.ports[0]?.targetPort, 80);
    assert.deepEqual(problems, ['IST0106 spec.ports[0].targetPort']);
  });

  it('wants the external name of an ExternalName', () => {
    assert.deepEqual(parse('Service', { spec: { type: 'ExternalName' } }).problems, ['IST0106 spec.externalName']);
  });

  it('takes yes and on for true in a boolean', () => {
    assert.equal(parse('Service', { spec: { publishNotReadyAddresses: 'yes' } }).spec.publishNotReadyAddresses, true);
    assert.deepEqual(parse('Service', { spec: { publishNotReadyAddresses: 'maybe' } }).problems, [
      'IST0106 spec.publishNotReadyAddresses',
    ]);
  });
});

describe('EndpointSlice', () => {
  const labels = { 'kubernetes.io/service-name': 'cart' };

  it('reads endpoints; conditions that are not set count as ready', () => {
    const { spec, problems } = parse(
      'EndpointSlice',
      {
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080 }],
        endpoints: [
          { addresses: ['10.0.0.1'], zone: 'z', nodeName: 'n', targetRef: { kind: 'Pod', name: 'p' } },
          { addresses: ['10.0.0.2'], conditions: { ready: false, serving: true, terminating: true } },
          { addresses: ['10.0.0.3'], conditions: { ready: null } },
        ],
      },
      { labels },
    );
    assert.deepEqual(problems, []);
    assert.equal(spec.serviceName, 'cart');
    assert.deepEqual(spec.ports, [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: undefined }]);
    assert.deepEqual(
      spec.endpoints.map(({ ready, serving, terminating }) => [ready, serving, terminating]),
      [
        [true, true, false],
        [false, true, true],
        [true, true, false],
      ],
    );
    assert.deepEqual(spec.endpoints[0]?.targetRef, { kind: 'Pod', namespace: 'default', name: 'p' });
  });

  it('leaves out addresses that are none, and endpoints without any', () => {
    const endpoints = [{ addresses: ['10.0.0.1', '::1', 'x', 7] }, { addresses: [] }, {}];
    const { spec, problems } = parse('EndpointSlice', { addressType: 'IPv4', endpoints }, { labels });
    assert.deepEqual(
      spec.endpoints.map(({ addresses }) => addresses),
      [['10.0.0.1']],
    );
    assert.deepEqual(problems, [
      'IST0106 endpoints[0].addresses[1]',
      'IST0106 endpoints[0].addresses[2]',
      'IST0106 endpoints[0].addresses[3]',
      'IST0106 endpoints[1].addresses',
      'IST0106 endpoints[2].addresses',
    ]);
  });

  it('never widens a broken port to all ports', () => {
    const { spec } = parse('EndpointSlice', { addressType: 'IPv4', ports: [{ port: 'http' }, {}] }, { labels });
    assert.deepEqual(
      spec.ports.map(({ port }) => port),
      [undefined],
    );
  });

  it('wants its Service and its address type', () => {
    assert.deepEqual(parse('EndpointSlice', {}).problems, [
      'IST0106 addressType',
      'IST0106 metadata.labels.kubernetes.io/service-name',
    ]);
  });
});

describe('Endpoints', () => {
  it('reads ready and unready addresses', () => {
    const subset = {
      addresses: [{ ip: '10.0.0.1' }, { ip: 'x' }],
      notReadyAddresses: [{ ip: '::1' }],
      ports: [{ port: 1 }],
    };
    const { spec, problems } = parse('Endpoints', { subsets: [subset] });
    assert.deepEqual(
      spec.subsets[0]?.addresses.map(({ ip }) => ip),
      ['10.0.0.1'],
    );
    assert.deepEqual(
      spec.subsets[0]?.notReadyAddresses.map(({ ip }) => ip),
      ['::1'],
    );
    assert.deepEqual(spec.subsets[0]?.ports, [{ name: '', port: 1, protocol: 'TCP', appProtocol: undefined }]);
    assert.deepEqual(problems, ['IST0106 subsets[0].addresses[1].ip']);
  });
});

describe('Pod', () => {
  it('reads address, readiness and container ports of a large object without a word on the rest', () => {
    const { spec, problems } = parse('Pod', {
      spec: {
        nodeName: 'n',
        serviceAccountName: 's',
        volumes: [{ anything: 1 }],
        containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort: 8080 }] }, { name: 'd' }],
      },
      status: { podIPs: [{ ip: '10.0.0.1' }], conditions: [{ type: 'Ready', status: 'True' }], qosClass: 'x' },
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(spec, {
      podIP: '10.0.0.1',
      ready: true,
      nodeName: 'n',
      serviceAccountName: 's',
      containerPorts: [{ name: 'web', containerPort: 8080, protocol: 'TCP' }],
    });
  });

  it('is unready by its condition, its phase or its deletion, and else ready', () => {
    const ready = (status: object, metadata: object = {}): boolean => parse('Pod', { status }, metadata).spec.ready;
    assert.equal(ready({}), true);
    assert.equal(ready({ conditions: [{ type: 'Ready', status: 'False' }] }), false);
    assert.equal(ready({ phase: 'Succeeded' }), false);
    assert.equal(ready({}, { deletionTimestamp: '2024-01-01T00:00:00Z' }), false);
  });
});

describe('Secret', () => {
  it('reads data from base64 and stringData as it is, the latter first', () => {
    const { spec } = parse('Secret', {
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'YWJj\nZGVm', both: 'YQ==', empty: '' },
      stringData: { both: 'ü' },
    });
    const data = Object.fromEntries([...spec.data].map(([key, bytes]) => [key, Buffer.from(bytes).toString()]));
    assert.deepEqual(data, { 'tls.crt': 'abcdef', both: 'ü', empty: '' });
    assert.equal(spec.type, 'kubernetes.io/tls');
    assert.equal(parse('Secret', {}).spec.type, 'Opaque');
  });

  it('leaves out what is not base64, and shows no value', () => {
    const data = { a: 'hunter2!', b: 'aHVudGVyMg', c: 'YQ==', d: 7 };
    const { spec, problems, text } = parse('Secret', { data });
    assert.deepEqual([...spec.data.keys()], ['c']);
    assert.deepEqual(problems, ['IST0106 data.d', 'IST0106 data.a', 'IST0106 data.b']);
    assert.doesNotMatch(text, /hunter2|aHVudGVyMg/);
  });

  it('is empty over the limit of Kubernetes', () => {
    const { spec, problems } = parse('Secret', { stringData: { a: 'x'.repeat(1024 * 1024 + 1) } });
    assert.equal(spec.data.size, 0);
    assert.match(problems[0] ?? '', /^TG0005/);
  });
});

describe('ConfigMap', () => {
  it('reads text, and reports what YAML took for something else', () => {
    const { spec, problems } = parse('ConfigMap', { data: { mesh: 'a: 1', n: 1 }, binaryData: { b: 'YQ==' } });
    assert.deepEqual(spec.data, { mesh: 'a: 1' });
    assert.deepEqual(problems, ['IST0106 data.n']);
  });
});
