// When keys are fetched and what is kept of them, with a clock of the test's own.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { KeySource } from '../model/list-key-sources.ts';
import { createKeyFetcher } from './create-key-fetcher.ts';
import type { FetchResult } from './fetch-jwks.ts';

const source = (name: string, issuer = name): KeySource => ({ name, issuer, jwksUri: name, timeoutMs: 5000 });
const good = (jwks: string, maxAgeMs?: number): FetchResult => ({ kind: 'keys', jwks, maxAgeMs });
const bad = (problem: string): FetchResult => ({ kind: 'failed', problem });

/** Answers are given one by one, by name. */
function fixture(t: TestContext, refreshMs = 1_200_000) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: { readonly name: string; readonly signal: AbortSignal; readonly answer: (r: FetchResult) => void }[] =
    [];
  let changes = 0;
  const fetcher = createKeyFetcher({
    refreshMs,
    onChange: () => {
      changes += 1;
    },
    fetch: ({ name }, signal) => new Promise((answer) => asked.push({ name, signal, answer })),
    random: () => 1,
  });
  t.after(fetcher.close);
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    fetcher,
    /** Names that are waited for, oldest first. */
    asked: () => asked.map(({ name }) => name),
    answer: async (name: string, result: FetchResult) => {
      const index = asked.findIndex((one) => one.name === name);
      asked.splice(index, 1)[0]?.answer(result);
      await settle();
    },
    signalOf: (name: string) => asked.find((one) => one.name === name)?.signal,
    pass: async (ms: number) => {
      t.mock.timers.tick(ms);
      await settle();
    },
    changes: () => changes,
    settle,
  };
}

describe('keys', () => {
  it('are fetched at once, and again after the time that was asked for', async (t) => {
    const { fetcher, asked, answer, pass, changes } = fixture(t);
    fetcher.follow([source('a')]);
    assert.deepEqual([asked(), fetcher.keys().size], [['a'], 0]);
    await answer('a', good('1'));
    assert.deepEqual([fetcher.keys().get('a'), changes()], [{ jwks: '1', problem: undefined }, 1]);
    await pass(1_199_999);
    assert.deepEqual(asked(), []);
    await pass(1);
    assert.deepEqual(asked(), ['a']);
    await answer('a', good('1'));
    assert.equal(changes(), 1);
    await pass(1_200_000);
    await answer('a', good('2'));
    assert.deepEqual([fetcher.keys().get('a')?.jwks, changes()], ['2', 2]);
  });

  it('are fetched sooner where their server says so, but not all the time', async (t) => {
    const { fetcher, asked, answer, pass } = fixture(t);
    fetcher.follow([source('a')]);
    for (const [maxAge, pause] of [
      [300_000, 300_000],
      [0, 60_000],
      [9_000_000, 1_200_000],
    ] as const) {
      await answer('a', good('1', maxAge));
      await pass(pause - 1);
      assert.deepEqual(asked(), [], `${maxAge}`);
      await pass(1);
      assert.deepEqual(asked(), ['a'], `${maxAge}`);
    }
  });

  it('stay as they were when they cannot be fetched, which is tried again ever later', async (t) => {
    const { fetcher, asked, answer, pass, changes } = fixture(t);
    fetcher.follow([source('a')]);
    await answer('a', good('1'));
    await pass(1_200_000);
    for (const pause of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      await answer('a', bad('down'));
      assert.deepEqual(fetcher.keys().get('a'), { jwks: '1', problem: 'down' });
      await pass(pause - 1);
      assert.deepEqual(asked(), []);
      await pass(1);
    }
    assert.equal(changes(), 2);
    await answer('a', good('1'));
    assert.deepEqual([fetcher.keys().get('a'), changes()], [{ jwks: '1', problem: undefined }, 3]);
    await pass(1_200_000);
    await answer('a', bad('down'));
    await pass(1000);
    assert.deepEqual(asked(), ['a']);
  });

  it('are forgotten when nobody names them any more, and a late answer changes nothing', async (t) => {
    const { fetcher, answer, signalOf, changes, asked, pass } = fixture(t);
    fetcher.follow([source('a'), source('b')]);
    await answer('b', good('2'));
    const signal = signalOf('a');
    fetcher.follow([]);
    assert.equal(signal?.aborted, true);
    await answer('a', good('1'));
    await pass(9_000_000);
    assert.deepEqual([fetcher.keys().size, changes(), asked()], [0, 1, []]);
  });

  it('go on to count when their issuer has moved them, until they come from the new place', async (t) => {
    const { fetcher, answer } = fixture(t);
    fetcher.follow([source('old', 'i'), source('other')]);
    await answer('old', good('1'));
    assert.equal(fetcher.follow([source('new', 'i'), source('stranger')]), true);
    assert.equal(fetcher.follow([source('new', 'i'), source('stranger')]), false);
    assert.deepEqual([...fetcher.keys()], [['new', { jwks: '1', problem: undefined }]]);
    await answer('new', bad('down'));
    assert.deepEqual(fetcher.keys().get('new'), { jwks: '1', problem: 'down' });
    await answer('new', good('2'));
  });

  it('are fetched from a few servers at a time', async (t) => {
    const { fetcher, asked, answer } = fixture(t);
    const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
    fetcher.follow(names.map((name) => source(name)));
    assert.deepEqual(asked(), names.slice(0, 8));
    await answer('s3', good('1'));
    assert.deepEqual(asked().at(-1), 's8');
    fetcher.follow([source('s19')]);
    for (const name of asked()) await answer(name, bad('stopped'));
    assert.deepEqual(asked(), ['s19']);
  });

  it('are waited for until all have been tried, and no longer than is fair', async (t) => {
    const { fetcher, answer, pass, settle } = fixture(t);
    let done = 0;
    const wait = () =>
      fetcher.tried().then(() => {
        done += 1;
      });
    void wait();
    await settle();
    assert.equal(done, 1);
    fetcher.follow([source('a'), source('b')]);
    void wait();
    await answer('a', good('1'));
    assert.equal(done, 1);
    await answer('b', bad('down'));
    assert.equal(done, 2);
    fetcher.follow([source('a'), source('c')]);
    void wait();
    await pass(4999);
    assert.equal(done, 2);
    await pass(1);
    assert.equal(done, 3);
  });
});
