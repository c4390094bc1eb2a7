// What counts follows the mesh settings and the labels of namespaces, and what was in force stays where they cannot be read.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { snapshotFromText } from '../sources/files/snapshot-from-text.ts';
import { buildModel } from './build-model.ts';
import type { Model } from './model.ts';

const object = (kind: string, name: string, rest: object, namespace = 'default', apiVersion = 'v1'): string =>
  `---\n${JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, ...rest })}\n`;

const gateways = ['a', 'b', 'c']
  .map((namespace) =>
    object(
      'Gateway',
      'gw',
      {
        spec: {
          selector: { istio: 'ingressgateway' },
          servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [`${namespace}.example.com`] }],
        },
      },
      namespace,
      'networking.istio.io/v1',
    ),
  )
  .join('');
const mesh = (settings: object | undefined): string =>
  settings === undefined
    ? ''
    : object('ConfigMap', 'istio', { data: { mesh: JSON.stringify(settings) } }, 'istio-system');
const namespaces = (all: Readonly<Record<string, object>>): string =>
  Object.entries(all)
    .map(
      ([name, labels]) =>
        `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })}\n`,
    )
    .join('');

const build = (settings: object | undefined, labels: Readonly<Record<string, object>>, previous?: Model) =>
  buildModel(previous, snapshotFromText({ 'a.yaml': mesh(settings) + namespaces(labels) + gateways }));
const seen = ({ model }: { readonly model: Model }): string =>
  model.gateways.map(({ namespace }) => namespace).join('');

describe('discoverySelectors', () => {
  const on = { discoverySelectors: [{ matchLabels: { on: 'yes' } }] };

  it('are followed, and so are the labels of namespaces', () => {
    const all = build(undefined, {});
    assert.equal(seen(all), 'abc');
    const some = build(on, { a: { on: 'yes' }, b: {} }, all.model);
    assert.equal(seen(some), 'a');
    const others = build(on, { a: {}, b: { on: 'yes' }, c: { on: 'yes' } }, some.model);
    assert.equal(seen(others), 'bc');
    assert.equal(seen(build({}, {}, others.model)), 'abc');
  });

  it('stay as they were where they cannot be read', () => {
    const before = build(on, { a: { on: 'yes' } });
    const bad = build(
      { ...on, discoverySelectors: [{ matchLabels: { 'a b': 'c' } }] },
      { a: { on: 'yes' } },
      before.model,
    );
    assert.equal(seen(bad), 'a');
  });

  it('select everything where one asks for nothing', () => {
    assert.equal(seen(build({ discoverySelectors: [...on.discoverySelectors, {}] }, {})), 'abc');
  });

  it('hide what is wrong with objects that do not count', () => {
    const bad = object('Gateway', 'bad', { spec: 1 }, 'a', 'networking.istio.io/v1');
    const text = mesh(on) + namespaces({ b: { on: 'yes' } }) + gateways + bad;
    const { diagnostics } = buildModel(undefined, snapshotFromText({ 'a.yaml': text }));
    const told = diagnostics.flatMap(({ code, message }) => (code === 'TG0041' ? message.split(':')[0] : []));
    assert.deepEqual(told, ['One object of namespace a do not count', 'One object of namespace c do not count']);
  });
});
