// x-forwarded-client-cert: names as RFC 2253 writes them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { distinguishedName } from './forward-client-cert.ts';

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
