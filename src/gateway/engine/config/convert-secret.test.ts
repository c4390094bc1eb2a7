// What becomes of secrets, in service and in dumps.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { typeUrls } from '../../../xds/type-urls.ts';
import { issueTestCertificate } from '../../secrets/certificate.fixture.ts';
import { apply } from './apply-resource.fixture.ts';
import { dumpConfig } from './dump-config.ts';

describe('a secret', async () => {
  const one = await issueTestCertificate('one.example.com');
  const other = await issueTestCertificate('other.example.com');
  const secret = (chain: string, key: string): JsonObject => ({
    name: 'kubernetes://cert',
    tls_certificate: {
      certificate_chain: { inline_string: chain },
      private_key: { inline_bytes: Buffer.from(key).toString('base64') },
    },
  });

  test('is PEM, whichever way it travelled', () => {
    const { store, error } = apply(typeUrls.secret, secret(one.certificate, one.key));
    assert.equal(error, undefined);
    assert.deepEqual(store.current().secrets.get('kubernetes://cert'), {
      name: 'kubernetes://cert',
      version: '1',
      kind: 'certificate',
      certificateChain: one.certificate,
      privateKey: one.key,
      trustedCa: '',
      crl: '',
    });
  });

  test('is refused if its key does not fit, without a word of the key', () => {
    const { store, error } = apply(typeUrls.secret, secret(one.certificate, other.key));
    assert.equal(error, 'kubernetes://cert: Failed to load private key from <inline>, Cause: KEY_VALUES_MISMATCH');
    assert.equal(store.current().secrets.size, 0);
    assert.equal(
      apply(typeUrls.secret, secret(one.certificate, 'garbage')).error,
      'kubernetes://cert: Failed to load private key from <inline>',
    );
  });

  test("may be a CA's, and nothing is read from files of the server's choosing", () => {
    const ca = { name: 'kubernetes://ca', validation_context: { trusted_ca: { inline_string: one.certificate } } };
    assert.equal(apply(typeUrls.secret, ca).store.current().secrets.get('kubernetes://ca')?.trustedCa, one.certificate);
    const file = { name: 'kubernetes://ca', validation_context: { trusted_ca: { filename: '/etc/passwd' } } };
    assert.match(apply(typeUrls.secret, file).error ?? '', /reads inline data only, not filename '\/etc\/passwd'/);
  });

  test('is dumped without its key', () => {
    const { store } = apply(typeUrls.secret, secret(one.certificate, one.key));
    const dump = dumpConfig(store);
    assert.deepEqual(
      dump.LDS.map(({ name }) => name),
      ['l'],
    );
    assert.equal(dump.SDS[0]?.version, '1');
    const printed = JSON.stringify(dump);
    assert.ok(printed.includes('[redacted]'));
    assert.ok(!printed.includes(Buffer.from(one.key).toString('base64')));
  });
});
