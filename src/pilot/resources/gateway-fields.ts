// Which fields of Istio's Gateway are served, and what happens instead of the others.
import { type FieldTable, noEffectHere, served, tableOf } from './message.ts';

export const gatewayFields: FieldTable = tableOf(['selector', 'servers'], served);

export const serverFields: FieldTable = {
  ...tableOf(['port', 'name', 'bind', 'hosts', 'tls'], served),
  defaultEndpoint: noEffectHere('Istio does not implement it either.'),
};

export const serverPortFields: FieldTable = {
  ...tableOf(['number', 'protocol', 'name'], served),
  targetPort: noEffectHere('The Service in front of the gateway decides the target port.'),
};

export const tlsCertificateFields: FieldTable = tableOf(
  ['serverCertificate', 'privateKey', 'caCertificates', 'caCrl'],
  served,
);

export const serverTlsFields: FieldTable = {
  ...tableOf(['httpsRedirect', 'mode', 'serverCertificate', 'privateKey', 'caCertificates', 'credentialName'], served),
  ...tableOf(['credentialNames', 'tlsCertificates', 'caCertCredentialName', 'subjectAltNames'], served),
  ...tableOf(['verifyCertificateSpki', 'verifyCertificateHash', 'minProtocolVersion', 'maxProtocolVersion'], served),
  ...tableOf(['cipherSuites', 'ecdhCurves', 'caCrl', 'insecureSkipVerify'], served),
};
