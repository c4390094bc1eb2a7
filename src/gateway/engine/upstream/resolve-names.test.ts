// Endpoints by name: what becomes of answers, of failures and of names that are gone.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DnsConfig, Endpoint } from '../config/engine-config.ts';
import { createLookUp, type Resolved } from './create-look-up.ts';
import { resolveNames } from './resolve-names.ts';

const target = (address: string): Endpoint => ({
  address,
  port: 80,
  weight: 1,
  healthy: true,
  locality: { region: '', zone: '', subZone: '', priority: 0, weight: 1 },
});

const config: DnsConfig = {
  logical: false,
  family: 4,
  refreshMs: 5000,
  respectTtl: true,
  targets: [target('a.test'), target('10.0.0.9')],
};

const answer = (...addresses: readonly string[]): Resolved => ({ addresses, ttlSeconds: undefined });

/** Answers in turn; the last one again and again. */
function follow(
  t: TestContext,
  answers: readonly (Resolved | Error | undefined)[],
  changes: Partial<DnsConfig> & { readonly known?: ReadonlyMap<string, readonly string[]> } = {},
) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const seen: string[][] = [];
  let asked = 0;
  const resolver = resolveNames(
    { ...config, ...changes },
    (endpoints) => seen.push(endpoints.map(({ address }) => address)),
    async () => {
      const next = answers[Math.min(asked++, answers.length - 1)];
      if (next instanceof Error) throw next;
      return next ?? { addresses: undefined, ttlSeconds: undefined };
    },
    changes.known,
  );
  t.after(() => resolver.close());
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return {
    seen,
    asked: () => asked,
    resolver,
    settle,
    later: async (ms: number) => {
      t.mock.timers.tick(ms);
      await settle();
    },
  };
}

test('addresses come as soon as they are known, literal ones at once', async (t) => {
  const { seen, settle } = follow(t, [answer('10.0.0.2', '10.0.0.1')]);
  assert.deepEqual(seen, [['10.0.0.9']]);
  await settle();
  assert.deepEqual(seen[1], ['10.0.0.1', '10.0.0.2', '10.0.0.9']);
});

test('one name stands for one address at a time', async (t) => {
  const { seen, settle } = follow(t, [answer('10.0.0.2', '10.0.0.1')], { logical: true, targets: [target('a.test')] });
  await settle();
  assert.deepEqual(seen.at(-1), ['10.0.0.1']);
});

test('a change is followed, and the same answer in another order is none', async (t) => {
  const { seen, settle, later } = follow(t, [
    answer('10.0.0.1', '10.0.0.2'),
    answer('10.0.0.2', '10.0.0.1'),
    answer('10.0.0.3'),
  ]);
  await settle();
  await later(5000);
  assert.equal(seen.length, 2);
  await later(5000);
  assert.deepEqual(seen.at(-1), ['10.0.0.3', '10.0.0.9']);
});

test('what was known stays while DNS fails, and goes with the name', async (t) => {
  const { seen, settle, later } = follow(t, [answer('10.0.0.1'), undefined, new Error('broken'), answer()]);
  await settle();
  await later(5000);
  await later(5000);
  assert.deepEqual(seen.at(-1), ['10.0.0.1', '10.0.0.9']);
  await later(5000);
  assert.deepEqual(seen.at(-1), ['10.0.0.9']);
});

test('an answer is asked for again when its time is over, no sooner than a second', async (t) => {
  const { asked, settle, later } = follow(t, [
    { addresses: ['10.0.0.1'], ttlSeconds: 2 },
    { addresses: ['10.0.0.1'], ttlSeconds: 0 },
  ]);
  await settle();
  await later(1999);
  assert.equal(asked(), 1);
  await later(1);
  assert.equal(asked(), 2);
  await later(999);
  assert.equal(asked(), 2);
  await later(1);
  assert.equal(asked(), 3);
});

test('what is known already counts until DNS answers', (t) => {
  const { seen } = follow(t, [undefined], { known: new Map([['a.test', ['10.0.0.5']]]) });
  assert.deepEqual(seen, [['10.0.0.5', '10.0.0.9']]);
});

test('nothing is asked any more once it is closed', async (t) => {
  const { seen, asked, resolver, settle, later } = follow(t, [answer('10.0.0.1')]);
  resolver.close();
  await settle();
  await later(60_000);
  assert.deepEqual([seen.length, asked()], [1, 1]);
});

test('the hosts file answers first', async () => {
  assert.deepEqual(await createLookUp([])('localhost', 4), { addresses: ['127.0.0.1'], ttlSeconds: undefined });
});
