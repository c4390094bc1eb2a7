// Istio Gateway: which ports a gateway opens, with which certificates, for which hosts.

export type ServerProtocol =
  | 'HTTP'
  | 'HTTPS'
  | 'HTTP2'
  | 'GRPC'
  | 'GRPC-WEB'
  | 'TCP'
  | 'TLS'
  | 'MONGO'
  | 'MYSQL'
  | 'REDIS';
export type TlsMode = 'PASSTHROUGH' | 'SIMPLE' | 'MUTUAL' | 'AUTO_PASSTHROUGH' | 'ISTIO_MUTUAL' | 'OPTIONAL_MUTUAL';

export type TlsVersion = 'TLSV1_0' | 'TLSV1_1' | 'TLSV1_2' | 'TLSV1_3';

export interface TlsFiles {
  readonly serverCertificate: string | undefined;
  readonly privateKey: string | undefined;
  readonly caCertificates: string | undefined;
  readonly caCrl: string | undefined;
  /** Where they stand in `tls`: [] for the server's own. */
  readonly field: readonly (string | number)[];
}

export interface ServerTls {
  readonly httpsRedirect: boolean;
  /** Undefined where not given (only httpsRedirect). */
  readonly mode: TlsMode | undefined;
  /** credentialNames, or credentialName; `field` is where each stands in `tls`. */
  readonly credentials: readonly { readonly name: string; readonly field: readonly (string | number)[] }[];
  /** tlsCertificates, or the one pair of the server itself. */
  readonly files: readonly TlsFiles[];
  readonly caCertCredentialName: string | undefined;
  /** Clients come in with whatever certificate. */
  readonly insecureSkipVerify: boolean;
  readonly subjectAltNames: readonly string[];
  /** SHA-256 of public keys in base64, and of certificates in hex: any of them. */
  readonly verifyCertificateSpki: readonly string[];
  readonly verifyCertificateHash: readonly string[];
  readonly minProtocolVersion: TlsVersion | undefined;
  readonly maxProtocolVersion: TlsVersion | undefined;
  /** Those that a data plane has. */
  readonly cipherSuites: readonly string[];
  readonly ecdhCurves: readonly string[];
}

export interface Server {
  /** Index in spec.servers: for positions, since servers that cannot be used are left out. */
  readonly index: number;
  readonly port: { readonly number: number; readonly name: string; readonly protocol: ServerProtocol };
  readonly name: string | undefined;
  readonly bind: string | undefined;
  /** As written: `host`, `ns/host`, `./host`, or with `*` as the namespace for any. */
  readonly hosts: readonly string[];
  readonly tls: ServerTls | undefined;
}

export interface GatewaySpec {
  readonly selector: Readonly<Record<string, string>>;
  readonly servers: readonly Server[];
}
