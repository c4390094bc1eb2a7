// The door of the parsers: what is an object, what it is called, and that nothing makes it throw.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_DIAGNOSTICS_PER_OBJECT } from './message.ts';
import { type ParsedObject, parseObject, resourceKinds } from './parse-object.ts';
import { formatFieldPath, type Origin } from './resource.ts';
import { unpackList } from './unpack-list.ts';

/** Answers with the path itself in place of a line. */
const origin: Origin = {
  source: 'a.yaml',
  index: 0,
  locate: (path) => ({ file: `a.yaml#${formatFieldPath(path)}`, line: 1, column: 1 }),
};
const parse = (value: unknown): ParsedObject => parseObject(value, origin);
const configMap = (metadata: unknown): unknown => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
const problems = ({ diagnostics }: ParsedObject): string[] =>
  diagnostics.map(({ severity, code, path }) => `${severity} ${code} ${path}`);

describe('parseObject', () => {
  it('reads name, namespace, labels, annotations and timestamp', () => {
    const metadata = {
      name: 'a',
      namespace: 'b',
      labels: { l: '1' },
      annotations: { n: 'x' },
      creationTimestamp: '2024-01-02T03:04:05Z',
      uid: 'u',
      managedFields: [],
    };
    const { resource, diagnostics } = parse(configMap(metadata));
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(resource?.metadata, {
      name: 'a',
      namespace: 'b',
      labels: { l: '1' },
      annotations: { n: 'x' },
      creationTimestamp: Date.UTC(2024, 0, 2, 3, 4, 5),
    });
  });

  it('takes the namespace default, and no timestamp for null', () => {
    const { resource, diagnostics } = parse(configMap({ name: 'a', creationTimestamp: null }));
    assert.equal(resource?.metadata.namespace, 'default');
    assert.equal(resource?.metadata.creationTimestamp, undefined);
    assert.deepEqual(diagnostics, []);
  });

  it('refuses objects without a usable name', () => {
    for (const [metadata, path] of [
      [undefined, 'metadata'],
      ['x', 'metadata'],
      [{}, 'metadata.name'],
      [{ name: '' }, 'metadata.name'],
      [{ name: null }, 'metadata.name'],
      [{ name: 1 }, 'metadata.name'],
      [{ name: 'A' }, 'metadata.name'],
      [{ name: 'a/b' }, 'metadata.name'],
      [{ name: 'a'.repeat(254) }, 'metadata.name'],
      [{ generateName: 'a-' }, 'metadata.name'],
      [{ name: 'a', namespace: 'b.c' }, 'metadata.namespace'],
      [{ name: 'a', namespace: 7 }, 'metadata.namespace'],
    ] as const) {
      const parsed = parse(configMap(metadata));
      assert.equal(parsed.resource, undefined, JSON.stringify(metadata));
      assert.deepEqual(problems(parsed), [`error IST0106 ${path}`]);
    }
  });

  it('holds Service names to RFC 1035, others to RFC 1123 subdomains', () => {
    const service = (name: string): unknown => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: {} });
    assert.deepEqual(problems(parse(service('1a'))), ['error IST0106 metadata.name']);
    assert.deepEqual(problems(parse(service('a.b'))), ['error IST0106 metadata.name']);
    assert.deepEqual(problems(parse(service('a-1'))), []);
    assert.deepEqual(problems(parse(configMap({ name: '1a.b-c' }))), []);
  });

  it('asks to quote what should be text, and leaves it out', () => {
    const { resource, diagnostics } = parse(configMap({ name: 'a', labels: { version: 1.1, on: true, ok: 'x' } }));
    assert.deepEqual(resource?.metadata.labels, { ok: 'x' });
    assert.deepEqual(
      diagnostics.map(({ path, remedy, file }) => [path, remedy, file]),
      [
        ['metadata.labels.version', 'Put it in quotes.', 'a.yaml#metadata.labels.version'],
        ['metadata.labels.on', 'Put it in quotes.', 'a.yaml#metadata.labels.on'],
      ],
    );
  });

  it('drops unknown fields with a warning that names the nearest known one', () => {
    const parsed = parse({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, dta: {}, zzzzz: 1 });
    assert.ok(parsed.resource);
    assert.deepEqual(problems(parsed), ['warning TG0007 dta', 'warning TG0007 zzzzz']);
    assert.deepEqual(
      parsed.diagnostics.map(({ remedy }) => remedy),
      ['Did you mean data?', 'Remove it.'],
    );
  });

  it('tells kinds it does not read from versions it does not read', () => {
    const kindOf = (apiVersion: string, kind: string): unknown => parse({ apiVersion, kind }).unknownKind;
    assert.deepEqual(kindOf('apps/v1', 'Deployment'), { apiVersion: 'apps/v1', kind: 'Deployment', readAs: [] });
    const gateway = kindOf('gateway.networking.k8s.io/v1', 'Gateway');
    assert.deepEqual(gateway, { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', readAs: [] });
    assert.deepEqual(kindOf('discovery.k8s.io/v1beta1', 'EndpointSlice'), {
      apiVersion: 'discovery.k8s.io/v1beta1',
      kind: 'EndpointSlice',
      readAs: ['discovery.k8s.io/v1'],
    });
    assert.ok(kindOf('v1', 'constructor'));
  });

  it('says what a document lacks to be an object', () => {
    for (const [value, path] of [
      [null, undefined],
      ['text', undefined],
      [[], undefined],
      [{}, 'apiVersion'],
      [{ apiVersion: 'v1' }, 'kind'],
      [{ apiVersion: 'v1', kind: '' }, 'kind'],
      [{ apiVersion: 1, kind: 'Pod' }, 'apiVersion'],
    ] as const)
      assert.deepEqual(problems(parse(value)), [`error IST0106 ${path}`], JSON.stringify(value));
  });

  it('lists a bounded number of problems', () => {
    const labels = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`l${i}`, i]));
    const { diagnostics } = parse(configMap({ name: 'a', labels }));
    assert.equal(diagnostics.length, MAX_DIAGNOSTICS_PER_OBJECT + 1);
    assert.match(diagnostics.at(-1)?.message ?? '', /^400 more/);
  });

  it('does not reach the prototype', () => {
    const value: unknown = JSON.parse(
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"__proto__":"x"}},"data":{"__proto__":"y"}}',
    );
    const { resource } = parse(value);
    assert.deepEqual(Object.keys(resource?.metadata.labels ?? {}), ['__proto__']);
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
  });

  it('never throws, and has a reason wherever it has no resource', () => {
    const versions = ['v1', 'discovery.k8s.io/v1', 'networking.istio.io/v1', 'networking.istio.io/v1alpha3'];
    const fields = [
      'spec',
      'data',
      'stringData',
      'ports',
      'endpoints',
      'subsets',
      'status',
      'type',
      'servers',
      'hosts',
      'http',
      'tcp',
      'tls',
      'match',
      'route',
      'destination',
      'uri',
      'port',
      'weight',
      'addresses',
      'name',
      'number',
      'protocol',
      'mode',
      'selector',
      'labels',
      'gateways',
      '__proto__',
      'constructor',
    ];
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 8, withCrossShrink: true }, tie('leaf'), tie('map'), tie('list')),
      leaf: fc.oneof(
        fc.constantFrom(null, '', '*', 'a', 'HTTP', 'HTTPS', 'SIMPLE', true, 0, -1, 80, 1.5, 1e99),
        fc.jsonValue(),
      ),
      map: fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.string()), tie('tree'), { maxKeys: 6 }),
      list: fc.array(tie('tree'), { maxLength: 4 }),
    }));
    const object = fc.record({
      apiVersion: fc.constantFrom(...versions),
      kind: fc.constantFrom(...resourceKinds),
      metadata: fc.oneof(fc.constant({ name: 'a' }), tree),
      spec: tree,
      data: tree,
      stringData: tree,
      ports: tree,
      endpoints: tree,
      subsets: tree,
      status: tree,
    });
    const check = (value: unknown): void => {
      for (const item of unpackList(value)) {
        const parsed = parse(item.value);
        assert.ok(parsed.resource || parsed.unknownKind || parsed.diagnostics.length > 0);
        if (parsed.resource) assert.equal(parsed.resource.diagnostics, parsed.diagnostics);
        for (const { message, remedy } of parsed.diagnostics) assert.ok(message.length < 400 && remedy.length > 0);
      }
    };
    fc.assert(fc.property(object, check), { numRuns: 1000 });
    fc.assert(fc.property(fc.jsonValue(), check));
  });
});

describe('unpackList', () => {
  it('opens a List, and gives the items of a typed one their kind', () => {
    const item = { apiVersion: 'v1', kind: 'Pod' };
    assert.deepEqual(unpackList({ apiVersion: 'v1', kind: 'List', items: [item] }), [
      { value: item, path: ['items', 0] },
    ]);
    const [typed] = unpackList({ apiVersion: 'v1', kind: 'PodList', items: [{ metadata: { name: 'a' } }] });
    assert.deepEqual(typed?.value, { metadata: { name: 'a' }, apiVersion: 'v1', kind: 'Pod' });
  });
  it('leaves other documents as they are, and an empty List empty', () => {
    assert.deepEqual(unpackList({ kind: 'AllowList' }), [{ value: { kind: 'AllowList' }, path: [] }]);
    assert.deepEqual(unpackList({ kind: 'List', items: null }), []);
  });
});
