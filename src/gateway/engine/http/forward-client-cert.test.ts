// x-forwarded-client-cert: names as RFC 2253 writes them.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ForwardClientCert } from '../config/engine-config.ts';
import { httpManager } from '../engine-fixture.ts';
import { distinguishedName } from './forward-client-cert.ts';
import { getHeader } from './header-list.ts';
import { buildRequestHeaders } from './request-headers.ts';

describe('a distinguished name', () => {
  for (const [lines, expected] of [
    ['C=DE\nO=Acme\nCN=a', 'CN=a,O=Acme,C=DE'],
    ['O=Acme\\, Inc.\nCN=a', 'CN=a,O=Acme\\, Inc.'],
    ['CN=a + OU=b', 'CN=a+OU=b'],
    ['CN=1 \\+ 1', 'CN=1 \\+ 1'],
    ['CN=é', 'CN=\\C3\\A9'],
    ['', ''],
    [undefined, ''],
  ] as const)
    test(JSON.stringify(lines ?? null), () => assert.equal(distinguishedName(lines), expected));
});

describe('x-forwarded-client-cert', () => {
  const pem = readFileSync(new URL('../../../../test/corpus/certs/default.crt', import.meta.url), 'utf8');
  const peer = new X509Certificate(pem);
  const details = { cert: false, chain: false, subject: false, uri: false, dns: false };
  const own = `Hash=${createHash('sha256').update(peer.raw).digest('hex')}`;
  const seen = (mode: ForwardClientCert['mode'] | undefined, given: string | undefined, shown: boolean) => {
    const received = given === undefined ? [] : ['x-forwarded-client-cert', given];
    const origin = {
      remoteIp: '192.0.2.1',
      clientIp: '192.0.2.1',
      localAddress: '192.0.2.2:80',
      scheme: 'https',
    } as const;
    const manager = httpManager({ forwardClientCert: mode && { ...details, mode } });
    const headers = buildRequestHeaders(received, { ...origin, tls: { peer: shown ? peer : undefined } }, manager);
    return getHeader(headers, 'x-forwarded-client-cert');
  };

  for (const [mode, shown, unshown] of [
    [undefined, undefined, undefined],
    ['SANITIZE_SET', own, undefined],
    ['FORWARD_ONLY', 'Hash=theirs', undefined],
    ['APPEND_FORWARD', `Hash=theirs,${own}`, undefined],
    ['ALWAYS_FORWARD_ONLY', 'Hash=theirs', 'Hash=theirs'],
  ] as const)
    test(mode ?? 'SANITIZE', () => {
      assert.equal(seen(mode, 'Hash=theirs', true), shown);
      assert.equal(seen(mode, 'Hash=theirs', false), unshown);
      const alone = mode === 'APPEND_FORWARD' || mode === 'SANITIZE_SET' ? own : undefined;
      assert.equal(seen(mode, undefined, true), alone);
    });
});
