// Which protocol a Service port speaks: appProtocol first, then the first word of the port's name, as Istio reads them.

export type BackendProtocol = 'http1' | 'http2' | 'tcp' | 'unknown';

const byName: Readonly<Record<string, BackendProtocol>> = {
  http: 'http1',
  https: 'tcp',
  http2: 'http2',
  grpc: 'http2',
  'grpc-web': 'http2',
  tcp: 'tcp',
  tls: 'tcp',
  mongo: 'tcp',
  redis: 'tcp',
  mysql: 'tcp',
  udp: 'unknown',
};

/** Kubernetes' own names (KEP-3726). */
const byAppProtocol: Readonly<Record<string, BackendProtocol>> = {
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http1',
  'kubernetes.io/wss': 'tcp',
};

const lookUp = (table: Readonly<Record<string, BackendProtocol>>, key: string): BackendProtocol | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** Only `http2` changes what is sent: HTTP routes to any other port use HTTP/1.1. */
export function backendProtocol(port: {
  readonly name: string;
  readonly appProtocol: string | undefined;
}): BackendProtocol {
  const declared = port.appProtocol?.toLowerCase();
  if (declared !== undefined) {
    const known = lookUp(byAppProtocol, declared) ?? lookUp(byName, declared);
    if (known !== undefined) return known;
  }
  const name = port.name.toLowerCase();
  if (name === 'grpc-web' || name.startsWith('grpc-web-')) return 'http2';
  return lookUp(byName, name.split('-', 1)[0] ?? '') ?? 'unknown';
}
