// Fetching from real servers: good ones, and those that are slow, endless, broken, or not there.
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { maxJwksBytes } from '../model/check-jwks.ts';
import type { KeySource } from '../model/list-key-sources.ts';
import { fetchJwks } from './fetch-jwks.ts';

const jwks = '{"keys":[{"kty":"oct","k":"AAAA"}]}';
const never = new AbortController().signal;

describe('fetching keys', () => {
  let answer: http.RequestListener = () => {};
  let seen: string[] = [];
  const server = http.createServer((request, response) => {
    seen.push(request.url ?? '');
    answer(request, response);
  });
  let url = '';
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    seen = [];
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const byUri = (path = '/keys', timeoutMs = 5000): KeySource => ({
    name: 'n',
    issuer: 'i',
    jwksUri: `${url}${path}`,
    timeoutMs,
  });
  const problemOf = async (source: KeySource): Promise<string> => {
    const result = await fetchJwks(source, never);
    assert.ok(result.kind === 'failed', JSON.stringify(result));
    return result.problem.replaceAll(url, 'URL');
  };

  it('takes a key set, for as long as the server says', async () => {
    for (const [cacheControl, maxAgeMs] of [
      ['public, max-age=300, must-revalidate', 300_000],
      ['s-maxage=5, Max-Age="60"', 60_000],
      ['no-cache', undefined],
      ['x-max-age=5', undefined],
      ['max-age=-1', undefined],
    ] as const) {
      answer = (_, response) => response.setHeader('cache-control', cacheControl).end(jwks);
      assert.deepEqual(await fetchJwks(byUri(), never), { kind: 'keys', jwks, maxAgeMs }, cacheControl);
    }
  });

  it('follows redirects, and not for ever', async () => {
    answer = (request, response) =>
      request.url === '/keys' ? response.writeHead(302, { location: '/moved' }).end() : response.end(jwks);
    assert.equal((await fetchJwks(byUri(), never)).kind, 'keys');
    answer = (_, response) => response.writeHead(302, { location: '/keys' }).end();
    assert.match(await problemOf(byUri()), /^could not be fetched from URL\/keys: redirect count exceeded/);
  });

  it('finds them by OpenID Connect Discovery', async () => {
    answer = (request, response) =>
      response.end(request.url?.endsWith('openid-configuration') ? JSON.stringify({ jwks_uri: `${url}/k` }) : jwks);
    const source = (issuer: string): KeySource => ({ name: 'n', issuer, jwksUri: undefined, timeoutMs: 5000 });
    assert.equal((await fetchJwks(source(`${url}/realm/`), never)).kind, 'keys');
    assert.deepEqual(seen, ['/realm/.well-known/openid-configuration', '/k']);
    for (const document of ['{}', 'null', '{"jwks_uri": 5}', '{"jwks_uri": "file:///etc/passwd"}']) {
      answer = (_, response) => response.end(document);
      const problem = await problemOf(source(url));
      assert.equal(problem, 'cannot be found: URL/.well-known/openid-configuration names no jwks_uri', document);
    }
    answer = (_, response) => response.end('<html>');
    assert.match(await problemOf(source(url)), /openid-configuration is no JSON$/);
    assert.match(await problemOf(source('accounts')), /the issuer is no URL of http or https$/);
  });

  it('says what is wrong with an answer, and nothing of what is in it', async () => {
    answer = (_, response) => response.writeHead(503).end('secret');
    assert.equal(await problemOf(byUri('/keys?token=secret')), 'could not be fetched from URL/keys: it answered 503');
    answer = (_, response) => response.end('<html>secret');
    assert.equal(await problemOf(byUri()), 'are no JSON');
    answer = (_, response) => response.end('{"keys":[]}');
    assert.match(await problemOf(byUri()), /^have none that can be used/);
  });

  it('reads no more than a key set can have', async () => {
    let closed: Promise<void> = Promise.resolve();
    answer = (_, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(maxJwksBytes / 4)));
      };
      response.on('drain', write);
      write();
    };
    assert.equal(await problemOf(byUri()), 'are longer than 256 KiB');
    await closed;
  });

  it('waits no longer than it may', async () => {
    answer = () => {};
    assert.equal(await problemOf(byUri('/keys', 50)), 'did not come within 0.05 s');
    answer = (_, response) => void response.write('{');
    assert.equal(await problemOf(byUri('/keys', 50)), 'did not come within 0.05 s');
  });

  it('says why a server cannot be reached', async () => {
    answer = (request) => request.socket.destroy();
    assert.match(await problemOf(byUri()), /^could not be fetched from URL\/keys: /);
    answer = (request, response) => {
      response.writeHead(200, { 'content-length': '9' }).write('{');
      setImmediate(() => request.socket.destroy());
    };
    assert.match(await problemOf(byUri()), /^could not be fetched from URL\/keys: /);
    const closed: KeySource = { name: 'n', issuer: 'i', jwksUri: 'http://127.0.0.1:1/', timeoutMs: 5000 };
    assert.match(await problemOf(closed), /127\.0\.0\.1:1/);
    const unknown = { ...closed, jwksUri: 'http://nobody.invalid/' };
    assert.match(await problemOf(unknown), /nobody\.invalid/);
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    answer = () => stop.abort();
    assert.equal((await fetchJwks(byUri(), stop.signal)).kind, 'failed');
  });
});
