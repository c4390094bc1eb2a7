// Whom principals mean in a mesh with several trust domains, as Istio's ReplaceTrustDomainAliases has it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withTrustDomains } from './trust-domains.ts';

const own = ['td', 'old-td', 'older-td'];
const expand = (attribute: string, value: string, trustDomains: readonly string[] = own): readonly string[] =>
  withTrustDomains({ attribute, values: [value], notValues: [] }, trustDomains).values;

describe('trust domains', () => {
  const cases: readonly (readonly [value: string, expected: readonly string[]])[] = [
    ['td/ns/n/sa/a', ['td/ns/n/sa/a', 'old-td/ns/n/sa/a', 'older-td/ns/n/sa/a']],
    ['old-td/ns/n/sa/a', ['td/ns/n/sa/a', 'old-td/ns/n/sa/a', 'older-td/ns/n/sa/a']],
    ['cluster.local/ns/n/sa/a', ['td/ns/n/sa/a', 'old-td/ns/n/sa/a', 'older-td/ns/n/sa/a']],
    ['foreign/ns/n/sa/a', ['foreign/ns/n/sa/a']],
    ['*-td/ns/n/sa/a', ['td/ns/n/sa/a', '*-td/ns/n/sa/a']],
    ['old*/ns/n/sa/a', ['td/ns/n/sa/a', 'old-td/ns/n/sa/a', 'older-td/ns/n/sa/a']],
    ['*/ns/n/sa/a', ['*/ns/n/sa/a']],
    ['*', ['*']],
    ['td', ['td']],
    ['td/ns/n', ['td/ns/n']],
    ['*/sa/a', ['*/sa/a']],
    ['', ['']],
  ];
  for (const [value, expected] of cases)
    it(`make ${JSON.stringify(value)} ${expected.join(', ')}`, () => {
      assert.deepEqual(expand('source.principal', value), expected);
    });

  it('stand for each other', () => {
    assert.deepEqual(expand('source.trustDomain', 'old-td'), own);
    assert.deepEqual(expand('source.trustDomain', '*-td'), ['*-td']);
    assert.deepEqual(expand('source.trustDomain', 'cluster.local'), ['cluster.local']);
  });

  it('are nothing to other conditions', () => {
    assert.deepEqual(expand('source.namespace', 'td/ns/n/sa/a'), ['td/ns/n/sa/a']);
  });

  it('leave a mesh with the default one alone', () => {
    assert.deepEqual(expand('source.principal', 'cluster.local/ns/n/sa/a', ['cluster.local']), [
      'cluster.local/ns/n/sa/a',
    ]);
  });
});
