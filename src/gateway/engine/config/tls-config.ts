// What the engine knows of TLS, towards clients and towards hosts, made once from xDS.

export interface DownstreamTls {
  /** SDS names of certificates, in order of preference. */
  readonly certificates: readonly string[];
  readonly alpnProtocols: readonly string[];
  /** Undefined: the engine's default of 1.2 to 1.3. */
  readonly minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined;
  readonly maxVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined;
  readonly cipherSuites: readonly string[];
  /** Names as OpenSSL knows them; empty: its own choice. */
  readonly ecdhCurves: readonly string[];
  readonly clientCertificate: 'none' | 'optional' | 'required';
  /** What client certificates are held against. */
  readonly validation: ClientValidation | undefined;
}

export interface ClientValidation {
  /** SDS name of the certificates of authorities. */
  readonly roots: string;
  /** Clients need a certificate, but it may be any. */
  readonly acceptUntrusted: boolean;
  /** One of them has to match one of the certificate's names; empty is any. */
  readonly subjectAltNames: readonly NameMatcher[];
  /** SHA-256 of public keys in base64, and of certificates in hex. */
  readonly spki: readonly string[];
  readonly hashes: readonly string[];
}

/** A predicate over one value, compiled once. */
export interface ValueMatcher {
  /** `prefix v1`, for a reader. */
  readonly text: string;
  readonly matches: (value: string) => boolean;
}

/** One that is exact is also held against wildcards of certificates. */
export type NameMatcher = ValueMatcher & { readonly exact: string | undefined };
