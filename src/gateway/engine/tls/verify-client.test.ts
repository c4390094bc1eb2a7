// What a client's certificate has to meet beside its chain.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { ClientValidation } from '../config/engine-config.ts';
import { subjectAltNames, unmetValidation } from './verify-client.ts';

const read = (name: string): X509Certificate =>
  new X509Certificate(readFileSync(new URL(`../../../../test/corpus/certs/${name}`, import.meta.url)));
/** DNS:client-1.example.com, URI:spiffe://corpus/ns/x/sa/y */
const client = read('client.crt');
/** DNS:*.wild.example.com */
const wild = read('wild.crt');

const none: ClientValidation = { roots: 'r', acceptUntrusted: false, subjectAltNames: [], spki: [], hashes: [] };
const exact = (value: string) => ({ text: '', exact: value, matches: (name: string) => name === value });
const named = (...names: string[]): ClientValidation => ({ ...none, subjectAltNames: names.map(exact) });

describe('a client certificate', () => {
  it('has one of the names', () => {
    assert.equal(unmetValidation(client, none), undefined);
    assert.equal(unmetValidation(client, named('nobody', 'client-1.example.com')), undefined);
    assert.equal(unmetValidation(client, named('spiffe://corpus/ns/x/sa/y')), undefined);
    assert.equal(unmetValidation(client, named('CLIENT-1.example.com')), undefined);
    assert.notEqual(unmetValidation(client, named('client-2.example.com', 'client-1')), undefined);
    assert.equal(unmetValidation(wild, named('a.wild.example.com')), undefined);
    assert.notEqual(unmetValidation(wild, named('a.b.wild.example.com')), undefined);
    assert.notEqual(unmetValidation(wild, named('wild.example.com')), undefined);
  });

  it('has one of the fingerprints', () => {
    const hash = createHash('sha256').update(client.raw).digest('hex');
    const spki = createHash('sha256')
      .update(client.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64');
    assert.equal(unmetValidation(client, { ...none, hashes: [hash] }), undefined);
    assert.equal(unmetValidation(client, { ...none, spki: ['x', spki], hashes: ['y'] }), undefined);
    assert.notEqual(unmetValidation(client, { ...none, spki: ['x'], hashes: ['y'] }), undefined);
    assert.notEqual(unmetValidation(client, { ...named('nobody'), hashes: [hash] }), undefined);
  });

  it('is read whatever its names hold', () => {
    assert.deepEqual(subjectAltNames(client), [
      { type: 'DNS', value: 'client-1.example.com' },
      { type: 'URI', value: 'spiffe://corpus/ns/x/sa/y' },
    ]);
    const odd = { subjectAltName: 'DNS:"a, DNS:b\\u0000", IP Address:10.0.0.1, email:a@b' } as X509Certificate;
    assert.deepEqual(subjectAltNames(odd), [
      { type: 'DNS', value: 'a, DNS:b\0' },
      { type: 'IP Address', value: '10.0.0.1' },
      { type: 'email', value: 'a@b' },
    ]);
    assert.deepEqual(subjectAltNames({ subjectAltName: undefined } as X509Certificate), []);
  });
});
