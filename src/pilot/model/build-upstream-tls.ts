// How a cluster's connections are encrypted: certificates by name, what the endpoint has to be, and the name it is asked for.
import type { ClientTls, ClientTlsSettings } from '../resources/destination-rule.ts';
import { parseCredentialName, rootsSuffix, workload } from './credential-names.ts';
import type { RootCertificates, ServerCertificate } from './model.ts';

export interface UpstreamTlsSettings {
  /** That the gateway shows. */
  readonly certificate: ServerCertificate | undefined;
  /** Undefined: any endpoint will do. */
  readonly roots: RootCertificates | undefined;
  readonly subjectAltNames: readonly string[];
  /** Undefined: the host of the request, which the endpoint's certificate then has to be for. */
  readonly sni: string | undefined;
  /** Of the mesh: the SNI is the cluster's name. */
  readonly isMesh: boolean;
}

/** OS' own authorities, by Istio's name for them. */
const systemRoots = 'system';

/** `broken`: nothing may be sent. */
export function buildUpstreamTls(tls: ClientTls | undefined): UpstreamTlsSettings | 'broken' | undefined {
  if (tls === undefined || tls.mode === 'DISABLE') return undefined;
  if (tls.mode === 'BROKEN') return 'broken';
  const { subjectAltNames, sni } = tls;
  if (tls.mode === 'ISTIO_MUTUAL')
    return {
      certificate: { kind: 'files', certificate: workload.certificate, key: workload.key },
      roots: { kind: 'file', path: workload.roots, crl: undefined },
      subjectAltNames,
      sni,
      isMesh: true,
    };
  const certificate = tls.mode === 'MUTUAL' ? certificateOf(tls) : undefined;
  const roots = tls.insecureSkipVerify ? undefined : rootsOf(tls);
  const isUnknown =
    (tls.mode === 'MUTUAL' && certificate === undefined) || (!tls.insecureSkipVerify && roots === undefined);
  return isUnknown ? 'broken' : { certificate, roots, subjectAltNames, sni, isMesh: false };
}

function certificateOf(tls: ClientTlsSettings): ServerCertificate | undefined {
  const { credentialName, clientCertificate, privateKey } = tls;
  if (credentialName === undefined)
    return clientCertificate === undefined || privateKey === undefined
      ? undefined
      : { kind: 'files', certificate: clientCertificate, key: privateKey };
  const secret = parseCredentialName(credentialName);
  return secret && { kind: 'secret', credentialName, ...secret, field: ['credentialName'] };
}

function rootsOf({ credentialName, caCertificates, caCrl }: ClientTlsSettings): RootCertificates | undefined {
  if (credentialName === undefined) return { kind: 'file', path: caCertificates ?? systemRoots, crl: caCrl };
  const secret = parseCredentialName(credentialName);
  return (
    secret && {
      kind: 'secret',
      credentialName: `${credentialName}${rootsSuffix}`,
      ...secret,
      field: ['credentialName'],
    }
  );
}
