// Intended against actual configuration, as proxy-status PROXY prints it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cluster, endpoints, listener, resourceSet, secret } from '../../../test/conformance/xds-fixtures.ts';
import { compareConfig } from './compare-config.ts';
import { type ConfigDump, dumpResources } from './dump-resources.ts';

const intended = dumpResources(
  resourceSet(cluster('c1'), cluster('c2'), endpoints('c1'), listener('l1', ['r1']), secret('s1')),
);
const matches = (actual: Partial<ConfigDump>) =>
  compareConfig(intended, actual).map(({ title, match }) => [title, match]);

test('what a proxy has as intended matches, whatever the order of its keys', () => {
  const reversed = (value: object): object => Object.fromEntries(Object.entries(value).reverse());
  const shuffled = {
    ...intended,
    CDS: intended.CDS.map((c) => ({ ...c, version: '', resource: reversed(c.resource as object) })),
  };
  assert.deepEqual(matches(shuffled), [
    ['Clusters', true],
    ['Listeners', true],
    ['Routes', true],
    ['Endpoints', true],
    ['Secrets', true],
  ]);
});

test('says which resource differs, and how', () => {
  const [c1, c2] = dumpResources(resourceSet(cluster('c1'), cluster('c2', 7))).CDS;
  const [clusters] = compareConfig(intended, { CDS: [c1!, c2!] });
  assert.equal(clusters?.match, false);
  assert.deepEqual(clusters?.difference, [
    '--- pilot/c2',
    '+++ proxy/c2',
    '@@',
    ' {',
    '-  "altStatName": "v0",',
    '+  "altStatName": "v7",',
    '   "name": "c2"',
    ' }',
  ]);
});

test('says what is missing and what should not be there', () => {
  const [clusters] = compareConfig(intended, { CDS: dumpResources(resourceSet(cluster('c1'), cluster('extra'))).CDS });
  const heads = clusters?.difference.filter((line) => line.startsWith('---') || line.startsWith('+++'));
  assert.deepEqual(heads, ['--- pilot/c2', '+++ /dev/null', '--- /dev/null', '+++ proxy/extra']);
});

test("the gateway's own certificate files are no difference, other secrets are", () => {
  const own = { name: 'file-cert:/a.crt~/a.key', version: '1', resource: {} };
  assert.deepEqual(matches({ SDS: [...intended.SDS, own] }), [['Secrets', true]]);
  assert.deepEqual(matches({ SDS: [...intended.SDS, { ...own, name: 'kubernetes://a' }] }), [['Secrets', false]]);
});

test('a type that a data plane cannot dump is not compared', () => {
  assert.deepEqual(matches({ CDS: intended.CDS }), [['Clusters', true]]);
});

test('no private key is ever shown', () => {
  const text = JSON.stringify(intended);
  assert.ok(text.includes('certificate'), 'the certificate itself is');
  assert.ok(!text.includes('very private') && !text.includes(Buffer.from('very private 0').toString('base64')));
});
