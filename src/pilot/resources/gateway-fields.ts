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

export const tlsCertificateFields: FieldTable = tableOf(['serverCertificate', 'privateKey', 'caCertificates'], served);

export const serverTlsFields: FieldTable = {
  ...tableOf(['httpsRedirect', 'mode', 'serverCertificate', 'privateKey', 'caCertificates', 'credentialName'], served),
  ...tableOf(['credentialNames', 'tlsCertificates', 'caCertCredentialName', 'subjectAltNames'], served),
  ...tableOf(['verifyCertificateSpki', 'verifyCertificateHash', 'minProtocolVersion', 'maxProtocolVersion'], served),
  ...tableOf(['cipherSuites', 'ecdhCurves'], served),
  caCrl: unsupported('Revoked client certificates are let in, unless the Secret of credentialName has ca.crl.'),
  insecureSkipVerify: notServedYet('Client certificates are checked as without it.'),
};
