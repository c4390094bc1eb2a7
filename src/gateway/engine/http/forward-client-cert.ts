// x-forwarded-client-cert: what endpoints are told of the certificate that a client showed, in Envoy's form.
import { createHash, type X509Certificate } from 'node:crypto';
import type { ForwardClientCert } from '../config/engine-config.ts';
import { subjectAltNames } from '../tls/verify-client.ts';

const values = new WeakMap<X509Certificate, Map<ForwardClientCert, string>>();

/** Made once per connection: thousands of requests carry the same one. `own` is the gateway's certificate for it. */
export function forwardedClientCert(
  peer: X509Certificate,
  own: X509Certificate | undefined,
  details: ForwardClientCert,
): string {
  const known = values.get(peer) ?? new Map<ForwardClientCert, string>();
  values.set(peer, known);
  const value = known.get(details) ?? describe(peer, own, details);
  known.set(details, value);
  return value;
}

function describe(peer: X509Certificate, own: X509Certificate | undefined, details: ForwardClientCert): string {
  const ofType = (certificate: X509Certificate, type: string): readonly string[] =>
    subjectAltNames(certificate)
      .filter((name) => name.type === type)
      .map(({ value }) => value);
  return [
    ...(own === undefined ? [] : ofType(own, 'URI').map((uri) => `By=${uri}`)),
    `Hash=${createHash('sha256').update(peer.raw).digest('hex')}`,
    ...(details.cert ? [`Cert="${urlEncode(pem(peer))}"`] : []),
    ...(details.chain ? [`Chain="${urlEncode(chainOf(peer).map(pem).join(''))}"`] : []),
    ...(details.subject ? [`Subject="${distinguishedName(peer.subject)}"`] : []),
    ...(details.uri ? ofType(peer, 'URI').map((uri) => `URI=${uri}`) : []),
    ...(details.dns ? ofType(peer, 'DNS').map((name) => `DNS=${name}`) : []),
  ].join(';');
}

function chainOf(leaf: X509Certificate): readonly X509Certificate[] {
  const chain = [leaf];
  for (let issuer = leaf.issuerCertificate; issuer !== undefined; issuer = issuer.issuerCertificate) {
    if (chain.length > 10 || chain.at(-1)?.raw.equals(issuer.raw)) break;
    chain.push(issuer);
  }
  return chain;
}

const pem = (certificate: X509Certificate): string => {
  const text = certificate.toString();
  return text.endsWith('\n') ? text : `${text}\n`;
};

const encoded: Readonly<Record<string, string>> = { '\n': '%0A', ' ': '%20', '+': '%2B', '/': '%2F', '=': '%3D' };

/** The characters of PEM that Envoy escapes. */
const urlEncode = (text: string): string => text.replace(/[\n +/=]/g, (character) => encoded[character] ?? character);

/** Node's lines (`C=DE\nCN=a`, values escaped as RFC 2253 but for bytes above ASCII) → RFC 2253, most specific first. */
export function distinguishedName(lines: string | undefined): string {
  return (lines ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .reverse()
    .map((line) => line.replace(/(?<!\\) \+ /g, '+'))
    .join(',')
    .replace(/[^\0-\x7f]+/g, (text) =>
      [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    );
}
