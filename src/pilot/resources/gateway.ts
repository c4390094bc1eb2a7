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

export interface ServerTls {
  readonly httpsRedirect: boolean;
  /** Undefined where not given (only httpsRedirect). */
  readonly mode: TlsMode | undefined;
  readonly serverCertificate: string | undefined;
  readonly privateKey: string | undefined;
  readonly caCertificates: string | undefined;
  readonly credentialName: string | undefined;
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
