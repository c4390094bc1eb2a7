import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AllowedRequest, parseDifferences, parsePending } from './allowed-requests.ts';
import { judgeCase, unusableEntries } from './judge-case.ts';
import { type CaseOutcome, joinChunks } from './run-corpus-case.ts';

const outcome = (differences: readonly string[]): CaseOutcome => ({
  case: '01-seed',
  dataPlane: 'envoy',
  routeMode: 'shared',
  requests: [{ request: 'home', differences }],
  startMs: 0,
  runMs: 0,
});
const pending = (dataPlane?: string): readonly AllowedRequest[] =>
  parsePending(JSON.stringify([{ waitsFor: 'cors', case: '01-seed', requests: ['home'], dataPlane }]));

describe('judging a corpus case', () => {
  it('accepts a request that goes as recorded', () => {
    assert.deepEqual(judgeCase(outcome([]), []), []);
  });
  it('reports a difference that is not listed', () => {
    assert.deepEqual(judgeCase(outcome(['status: 404, want 200']), []), ['home:\n    status: 404, want 200']);
  });
  it('accepts a difference that is pending', () => {
    assert.deepEqual(judgeCase(outcome(['status: 404, want 200']), pending()), []);
  });
  it('reports a difference that is pending on the other data plane only', () => {
    assert.equal(judgeCase(outcome(['status: 404, want 200']), pending('embedded')).length, 1);
  });
  it('reports a pending request that passes', () => {
    assert.match(judgeCase(outcome([]), pending())[0] ?? '', /remove it from corpus-pending.yaml/);
  });
  it('reports a deliberate difference that is none', () => {
    const differences = parseDifferences('# D\n\n## Kinder\n\nRequests: `01-seed / home`\n\nBecause.\n');
    assert.match(judgeCase(outcome([]), differences)[0] ?? '', /"Kinder" says that it differs/);
  });
  it('reports a case that could not run', () => {
    assert.deepEqual(judgeCase({ ...outcome([]), error: 'no gateway' }, pending()), ['no gateway']);
  });
  it('reports entries without a request, and requests listed twice', () => {
    const requests = new Map([['01-seed', ['home']]]);
    assert.deepEqual(unusableEntries(pending(), requests), []);
    assert.match(unusableEntries(pending(), new Map())[0] ?? '', /no such request/);
    assert.match(unusableEntries([...pending(), ...pending('envoy')], requests)[0] ?? '', /listed twice/);
  });
});

describe('what a TCP backend echoed', () => {
  const join = (received: string): string | undefined =>
    joinChunks({ name: 'big', response: { connect: 'ok', received } }).response?.received;
  it('is compared without where the kernel cut it', () => {
    assert.equal(join('127.1.1.1:80> aa127.1.1.1:80> b'), '127.1.1.1:80> aab');
    assert.equal(join('127.1.1.1:80> aab'), '127.1.1.1:80> aab');
    assert.equal(join('greeting'), 'greeting');
  });
});

describe('the lists of allowed requests', () => {
  it('refuses pending entries with typos', () => {
    for (const entry of [
      { waitFor: 'cors' },
      { waitsFor: '', case: 'a', requests: [] },
      { waitsFor: 'unclassified', case: 'a', requests: [] },
    ])
      assert.throws(() => parsePending(JSON.stringify([entry])), /entry 1/);
    assert.throws(() => pending('nginx'), /no data plane/);
  });
  it('reads requests, data plane and title of a difference, and skips prose', () => {
    const text = '# D\nintro\n## Format\nprose\n## T\nRequests: `a / b / c`, `a / d`\nData plane: envoy\n\nWhy.\n';
    assert.deepEqual(parseDifferences(text), [
      { kind: 'deliberate', case: 'a', request: 'b / c', dataPlanes: ['envoy'], reason: 'T', byChance: false },
      { kind: 'deliberate', case: 'a', request: 'd', dataPlanes: ['envoy'], reason: 'T', byChance: false },
    ]);
  });
  it('refuses a difference without a reason', () => {
    assert.throws(() => parseDifferences('## T\nRequests: `a / b`\n'), /reason is missing/);
  });
});
