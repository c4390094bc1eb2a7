// The tables of consistent hashing, against what Envoy 1.40 answered with the same hosts and keys.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createHashRing, createMaglevTable, type FindHost } from './hash-table.ts';
import { xxHash64 } from './xx-hash.ts';

const hosts = (first: number, weights: readonly number[] = [1, 1, 1]) => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, i) => {
    const address = `127.1.49.${first + i}`;
    const locality = { region: '', zone: '', subZone: '', priority: 0, weight: 1 };
    const endpoint = { address, port: 8080, weight, healthy: true, locality };
    return {
      host: { endpoint, key: `${address}:8080`, healthy: true, load: { active: 0, since: 0 } },
      share: weight / total,
    };
  });
};
const lastOctet = (find: FindHost, key: string, attempt = 0): number =>
  Number(find(xxHash64(key), attempt)?.endpoint.address.split('.').at(-1));

test('xxHash64 is the published one', () => {
  assert.equal(xxHash64(''), 0xef46db3751d8e999n);
  assert.equal(xxHash64('a'), 0xd24ec4f1a98c6e5bn);
});

describe('a hash ring', () => {
  const byHeader = createHashRing(hosts(1), 1024, 8_388_608);

  test('finds the hosts that Envoy finds', () => {
    assert.deepEqual(
      ['alice', 'u0', 'u1', 'u2', 'u3', 'u4'].map((key) => lastOctet(byHeader, key)),
      [2, 3, 3, 1, 1, 3],
    );
    const byQuery = createHashRing(hosts(4), 1024, 8_388_608);
    assert.deepEqual(
      ['0', '1', '2', '3', '4', '5'].map((key) => lastOctet(byQuery, key)),
      [6, 5, 6, 4, 6, 4],
    );
  });

  test('gives hosts their weight', () => {
    const ring = createHashRing(hosts(1, [8, 1, 1]), 1024, 8_388_608);
    const found = Array.from({ length: 5000 }, (_, i) => lastOctet(ring, `key ${i}`));
    const share = found.filter((octet) => octet === 1).length / 5000;
    assert.ok(Math.abs(share - 0.8) < 0.05, String(share));
  });

  test('goes on from where it was for another attempt', () => {
    const tried = new Set(Array.from({ length: 50 }, (_, attempt) => lastOctet(byHeader, 'alice', attempt)));
    assert.deepEqual(tried, new Set([1, 2, 3]));
  });

  test('is no larger than it may be', () => {
    const ring = createHashRing(hosts(1), 1, 1);
    assert.deepEqual(new Set(['a', 'b', 'c', 'd'].map((key) => lastOctet(ring, key))), new Set([1]));
  });

  test('without hosts finds none', () => assert.equal(createHashRing([], 1024, 1024)(1n, 0), undefined));
});

describe('a maglev table', () => {
  const table = createMaglevTable(hosts(7), 1009);

  test('finds the hosts that Envoy finds', () =>
    assert.deepEqual(
      ['alice', 'u0', 'u1', 'u2', 'u3', 'u4'].map((key) => lastOctet(table, key)),
      [8, 9, 8, 9, 9, 9],
    ));

  test('gives hosts their weight', () => {
    const weighted = createMaglevTable(hosts(1, [6, 3, 1]), 65_537);
    const found = Array.from({ length: 5000 }, (_, i) => lastOctet(weighted, `key ${i}`));
    for (const [octet, share] of [
      [1, 0.6],
      [2, 0.3],
      [3, 0.1],
    ] as const)
      assert.ok(Math.abs(found.filter((one) => one === octet).length / 5000 - share) < 0.03);
  });

  test('leads elsewhere for another attempt', () => {
    const tried = new Set(Array.from({ length: 20 }, (_, attempt) => lastOctet(table, 'alice', attempt)));
    assert.ok(tried.size > 1);
  });

  test('without hosts finds none', () => assert.equal(createMaglevTable([], 1009)(1n, 0), undefined));
});
