// Which Secrets a data plane could use, and what is said of the others; the keys are the corpus' throw-away ones.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Resource } from '../resources/resource.ts';
import { buildCertificate } from './build-certificate.ts';

const read = (file: string): Uint8Array =>
  readFileSync(path.join(import.meta.dirname, '../../../test/corpus/certs', file));

function secret(data: Readonly<Record<string, Uint8Array | string>>): Resource<'Secret'> {
  const bytes = Object.entries(data).map(([key, value]) => [key, Buffer.from(value)] as const);
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: { name: 's', namespace: 'istio-system', labels: {}, annotations: {}, creationTimestamp: undefined },
    spec: { type: 'Opaque', data: new Map(bytes) },
    origin: { source: 'a.yaml', index: 0, locate: () => undefined },
    diagnostics: [],
  };
}

function problem(data: Readonly<Record<string, Uint8Array | string>>): string {
  const result = buildCertificate(secret(data));
  return result.kind === 'problem' ? `${result.key ?? ''}: ${result.reason}` : 'usable';
}

describe('buildCertificate', () => {
  it('takes RSA and ECDSA pairs, under both names', () => {
    assert.equal(problem({ 'tls.crt': read('a.crt'), 'tls.key': read('a.key') }), 'usable');
    assert.equal(problem({ cert: read('ec.crt'), key: read('ec.key') }), 'usable');
  });

  it('takes a chain', () => {
    const chain = Buffer.concat([read('a.crt'), read('ca.crt')]);
    assert.equal(problem({ 'tls.crt': chain, 'tls.key': read('a.key') }), 'usable');
  });

  it('reads how long it is valid', () => {
    const result = buildCertificate(secret({ 'tls.crt': read('expired.crt'), 'tls.key': read('expired.key') }));
    assert.ok(result.kind === 'pair' && result.pair.validTo < Date.parse('2026-01-01'));
  });

  it('names what is missing', () => {
    assert.match(problem({ 'tls.crt': read('a.crt') }), /lacks the private key/);
    assert.match(problem({ 'tls.key': read('a.key') }), /lacks the certificate/);
    assert.match(problem({}), /it has no keys/);
  });

  it('refuses a key that does not fit, and what is no PEM', () => {
    assert.match(problem({ 'tls.crt': read('a.crt'), 'tls.key': read('b.key') }), /^tls.key: .*does not fit/);
    assert.match(problem({ cert: 'not a pem', key: 'nor this' }), /^cert: .*no PEM/);
    assert.match(problem({ 'tls.crt': read('a.crt'), 'tls.key': 'nor this' }), /^tls.key: .*no private key/);
    const garbled = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    assert.match(
      problem({ 'tls.crt': Buffer.concat([read('a.crt'), Buffer.from(garbled)]), 'tls.key': read('a.key') }),
      /parsed/,
    );
  });

  it('does not say anything of the key itself', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const said = problem({ 'tls.crt': read('a.crt'), 'tls.key': pem });
    assert.ok(!said.includes(pem.split('\n')[1] ?? '-'));
    assert.match(said, /does not fit/);
  });
});
