// How a server ends TLS: where its certificates come from, and what it asks of clients.
import type { Server, ServerTls } from '../resources/gateway.ts';
import { parseCredentialName, rootsSuffix, workload } from './credential-names.ts';
import type { ClientValidation, RootCertificates, ServerCertificate, ServerTlsSettings } from './model.ts';

/** What keeps a server from being served. */
export interface TlsProblem {
  /** Inside the server. */
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
}

/** Of its modes PASSTHROUGH and AUTO_PASSTHROUGH are none: such servers end no TLS. */
export function buildServerTls(server: Server, tls: ServerTls): ServerTlsSettings | TlsProblem {
  const port = `${server.port.number} (${server.port.name})`;
  const certificates = tls.mode === 'ISTIO_MUTUAL' ? workloadCertificates : certificatesOf(tls);
  if (certificates === undefined)
    return {
      field: tls.credentials.length > 0 ? 'tls.credentialName' : 'tls',
      message: `Server ${port} names no certificate that Tidegate can load; nothing answers for its hosts.`,
      remedy: 'Set credentialName to the name of a Secret, or both serverCertificate and privateKey to files.',
    };
  const { minProtocolVersion, maxProtocolVersion, cipherSuites, ecdhCurves } = tls;
  if (minProtocolVersion !== undefined && maxProtocolVersion !== undefined && minProtocolVersion > maxProtocolVersion)
    return {
      field: 'tls.minProtocolVersion',
      message: `minProtocolVersion ${minProtocolVersion} is above maxProtocolVersion ${maxProtocolVersion}; nothing answers for the hosts of server ${port}.`,
      remedy: 'Exchange the two, or remove one.',
    };
  const isMesh = tls.mode === 'ISTIO_MUTUAL';
  const settings = { certificates, isMesh, minProtocolVersion, maxProtocolVersion, cipherSuites, ecdhCurves };
  if (tls.mode === 'SIMPLE') return { ...settings, clientCertificate: 'none', validation: undefined };
  const roots = rootsOf(tls);
  if (roots === undefined)
    return {
      field: 'tls',
      message: `Server ${port} names no certificates of authorities to check clients against; nothing answers for its hosts.`,
      remedy: 'Set caCertificates to a file, or credentialName to a Secret that has ca.crt.',
    };
  const validation: ClientValidation = {
    roots,
    acceptUntrusted: tls.insecureSkipVerify,
    subjectAltNames: tls.subjectAltNames,
    verifyCertificateSpki: tls.verifyCertificateSpki,
    verifyCertificateHash: tls.verifyCertificateHash,
  };
  return { ...settings, clientCertificate: tls.mode === 'OPTIONAL_MUTUAL' ? 'optional' : 'required', validation };
}

const workloadCertificates: readonly ServerCertificate[] = [
  { kind: 'files', certificate: workload.certificate, key: workload.key },
];

/** Secrets before files, as in Istio. */
function certificatesOf(tls: ServerTls): readonly ServerCertificate[] | undefined {
  const certificates =
    tls.credentials.length > 0
      ? tls.credentials.map(({ name, field }): ServerCertificate | undefined => {
          const secret = parseCredentialName(name);
          return secret && { kind: 'secret', credentialName: name, ...secret, field: ['tls', ...field] };
        })
      : tls.files.map(({ serverCertificate, privateKey }): ServerCertificate | undefined =>
          serverCertificate === undefined || privateKey === undefined
            ? undefined
            : { kind: 'files', certificate: serverCertificate, key: privateKey },
        );
  return certificates.every((one) => one !== undefined) ? certificates : undefined;
}

function rootsOf(tls: ServerTls): RootCertificates | undefined {
  if (tls.mode === 'ISTIO_MUTUAL') return { kind: 'file', path: workload.roots, crl: undefined };
  const [first] = tls.credentials;
  if (first === undefined) {
    const files = tls.files.find(({ caCertificates }) => caCertificates !== undefined);
    return files?.caCertificates === undefined
      ? undefined
      : { kind: 'file', path: files.caCertificates, crl: files.caCrl };
  }
  const [name, field] =
    tls.caCertCredentialName === undefined
      ? [first.name, first.field]
      : [tls.caCertCredentialName, ['caCertCredentialName']];
  const secret = parseCredentialName(name);
  return secret && { kind: 'secret', credentialName: `${name}${rootsSuffix}`, ...secret, field: ['tls', ...field] };
}
