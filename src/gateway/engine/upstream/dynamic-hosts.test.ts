// Endpoints that requests name: what is asked of DNS, remembered and forgotten, and its bounds.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { PickedHost } from '../cluster/load-balancer.ts';
import type { DynamicConfig } from '../config/engine-config.ts';
import type { LookUp, Resolved } from './create-look-up.ts';
import { createDynamicHosts, type NoHost } from './dynamic-hosts.ts';

const config: DynamicConfig = { family: 4, refreshMs: 60_000, hostTtlMs: 300_000, maxHosts: 3 };
const found = (address: string, ttlSeconds?: number): Resolved => ({ addresses: [address], ttlSeconds });

function start(t: TestContext, answer: (name: string) => Resolved | Promise<Resolved>) {
  const asked: string[] = [];
  const kept: (readonly string[])[] = [];
  let time = 0;
  const lookUp: LookUp = async (name) => {
    asked.push(name);
    return answer(name);
  };
  const hosts = createDynamicHosts({
    config,
    lookUp,
    defaultPort: 80,
    onForgotten: (keys) => kept.push([...keys]),
    now: () => time,
  });
  t.after(() => hosts.close());
  const ask = (authority: string): Promise<string> =>
    new Promise((resolve) => {
      hosts.find(authority, (result) => resolve(textOf(result)));
    });
  return {
    hosts,
    asked,
    kept,
    ask,
    later: (ms: number) => {
      time += ms;
    },
  };
}

const textOf = (result: PickedHost | NoHost): string => ('details' in result ? result.details : result.key);

describe('createDynamicHosts', () => {
  it('asks once for a name, whatever the port, and for as many at a time', async (t) => {
    const { ask, asked } = start(t, () => found('10.0.0.1'));
    assert.deepEqual(await Promise.all([ask('a.test'), ask('A.test.'), ask('a.test:8080')]), [
      '10.0.0.1:80',
      '10.0.0.1:80',
      '10.0.0.1:8080',
    ]);
    assert.equal(await ask('a.test:81'), '10.0.0.1:81');
    assert.deepEqual(asked, ['a.test']);
  });

  it('asks nobody for an address', async (t) => {
    const { ask, asked } = start(t, () => found('10.0.0.1'));
    assert.equal(await ask('10.9.9.9:8080'), '10.9.9.9:8080');
    assert.deepEqual(asked, []);
  });

  it('serves what it knows while it asks anew, also where DNS fails then', async (t) => {
    const answers = [found('10.0.0.1', 10), found('10.0.0.2', 1), { addresses: undefined, ttlSeconds: undefined }];
    const { ask, asked, later } = start(t, () => answers[asked.length - 1] ?? found('10.0.0.9'));
    assert.equal(await ask('a.test'), '10.0.0.1:80');
    later(10_001);
    assert.equal(await ask('a.test'), '10.0.0.1:80');
    await Promise.resolve();
    assert.equal(await ask('a.test'), '10.0.0.2:80');
    // A second is too short to ask again.
    later(4000);
    assert.equal(await ask('a.test'), '10.0.0.2:80');
    assert.equal(asked.length, 2);
    later(1001);
    assert.equal(await ask('a.test'), '10.0.0.2:80');
    await Promise.resolve();
    assert.equal(await ask('a.test'), '10.0.0.2:80');
    assert.equal(asked.length, 3);
  });

  it('says why there is none, and asks again next time', async (t) => {
    const codes = ['ENOTFOUND', 'ESERVFAIL', 'ETIMEOUT', 'ESTRANGE'];
    const { ask, asked } = start(t, () => ({
      addresses: undefined,
      ttlSeconds: undefined,
      code: codes[asked.length - 1] ?? '',
    }));
    const said: string[] = [];
    for (const _ of codes) said.push(await ask('a.test'));
    assert.deepEqual(said, [
      'dns_resolution_failure{cares_norecords:Domain_name_not_found}',
      'dns_resolution_failure{cares_failure:DNS_server_returned_general_failure}',
      'dns_resolution_failure{cares_failure:Timeout_while_contacting_DNS_servers}',
      'dns_resolution_failure{cares_failure:DNS_server_returned_general_failure}',
    ]);
  });

  it('survives a resolver that throws', async (t) => {
    const { ask } = start(t, () => Promise.reject(new Error('broken')));
    assert.match(await ask('a.test'), /^dns_resolution_failure/);
  });

  it('remembers so many names at most, and forgets those that nobody asks for', async (t) => {
    const { ask, later, kept } = start(t, (name) => found(`10.0.0.${name.charCodeAt(0) - 96}`));
    for (const name of ['a', 'b', 'c']) await ask(`${name}.test`);
    assert.equal(await ask('d.test'), 'dns_cache_overflow');
    assert.equal(await ask('a.test:81'), '10.0.0.1:81');
    later(300_000);
    await ask('a.test');
    later(1);
    assert.equal(await ask('d.test'), '10.0.0.4:80');
    assert.deepEqual(kept, [['10.0.0.1:80', '10.0.0.1:81']]);
  });

  it('calls nobody back who has given up', async (t) => {
    let answer: (resolved: Resolved) => void = () => {};
    const { hosts, ask } = start(t, () => new Promise((resolve) => (answer = resolve)));
    const giveUp = hosts.find('a.test', () => assert.fail('called back'));
    const waiting = ask('a.test');
    giveUp();
    answer(found('10.0.0.1'));
    assert.equal(await waiting, '10.0.0.1:80');
  });

  it('takes any text for a name, and asks DNS only for what can be one', async (t) => {
    const { hosts, asked } = start(t, () => found('10.0.0.1'));
    for (const text of [
      '',
      ':80',
      'a..b',
      '[::1]:80',
      '::1',
      'a:0',
      'a:65536',
      'a:b',
      '-a',
      'a b',
      `${'a'.repeat(64)}.b`,
    ]) {
      let said = '';
      hosts.find(text, (result) => {
        said = textOf(result);
      });
      assert.equal(said, 'dns_resolution_failure{cares_failure:Misformatted_domain_name}', text);
    }
    assert.deepEqual(asked, []);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        hosts.find(text, () => {});
      }),
    );
    assert.ok(asked.every((name) => /^[a-z0-9_.-]{1,253}$/.test(name)));
    assert.ok(asked.length <= config.maxHosts);
  });
});
