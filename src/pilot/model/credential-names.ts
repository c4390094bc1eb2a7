// How objects name certificates: Secrets by credentialName, and the files that Istio mounts into every workload.

/** Where Istio mounts a workload's own certificates. */
export const workload = {
  certificate: '/etc/certs/cert-chain.pem',
  key: '/etc/certs/key.pem',
  roots: '/etc/certs/root-cert.pem',
};

/** Istio's suffix for the part of a Secret that clients are checked against. */
export const rootsSuffix = '-cacert';

interface NamedCredential {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** `name`, `ns/name` or `kubernetes://` in front of either; other schemes name sources that Tidegate has not. */
export function parseCredentialName(credentialName: string): NamedCredential | undefined {
  const [scheme, rest] = credentialName.includes('://')
    ? credentialName.split('://', 2)
    : ['kubernetes', credentialName];
  const [first, second, ...more] = (rest ?? '').split('/');
  if (scheme !== 'kubernetes' || !first || second === '' || more.length > 0) return undefined;
  return second === undefined ? { namespace: undefined, name: first } : { namespace: first, name: second };
}
