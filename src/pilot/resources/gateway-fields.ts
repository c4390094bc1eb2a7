// Which fields of Istio's Gateway are served, and what happens instead of the others.
import { type FieldTable, noEffectHere, notServedYet, served, tableOf, unsupported } from './message.ts';

export const gatewayFields: FieldTable = tableOf(['selector', 'servers'], served);

export const serverFields: FieldTable = {
  ...tableOf(['port', 'name', 'bind', 'hosts', 'tls'], served),
  defaultEndpoint: noEffectHere('Istio does not implement it either.'),
};

export const serverPortFields: FieldTable = {
  ...tableOf(['number', 'protocol', 'name'], served),
  targetPort: noEffectHere('The Service in front of the gateway decides the target port.'),
};

const noCertificate = 'The server is not given these certificates.';
const clientCertificates = 'Client certificates are not checked against it.';

export const serverTlsFields: FieldTable = {
  ...tableOf(['httpsRedirect', 'mode', 'serverCertificate', 'privateKey', 'caCertificates', 'credentialName'], served),
  credentialNames: unsupported(noCertificate),
  tlsCertificates: unsupported(noCertificate),
  caCertCredentialName: unsupported(clientCertificates),
  caCrl: unsupported(clientCertificates),
  subjectAltNames: unsupported(clientCertificates),
  verifyCertificateSpki: unsupported(clientCertificates),
  verifyCertificateHash: unsupported(clientCertificates),
  insecureSkipVerify: notServedYet('Client certificates are checked as without it.'),
  minProtocolVersion: notServedYet('TLS 1.2 and 1.3 are accepted.'),
  maxProtocolVersion: notServedYet('TLS 1.2 and 1.3 are accepted.'),
  cipherSuites: notServedYet("The data plane's default cipher suites are used."),
  ecdhCurves: notServedYet("The data plane's default curves are used."),
};
