// The only place that makes or parses the names of wire resources. They are Istio's names, so that people and tools recognise them.

/** `outbound|80|v1|reviews.default.svc.cluster.local`; no subset is the empty string. */
export function clusterName(port: number, subset: string, host: string): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** Always there at a gateway; a connection sent to it is closed. */
export const blackHoleCluster = 'BlackHoleCluster';

/** Static clusters of the bootstrap: pilot over ADS, and the gateway's own secrets from mounted files. */
export const adsCluster = 'xds-grpc';
export const fileSecretCluster = 'sds-grpc';

/** `0.0.0.0_80`. The name keeps the wildcard and the target port whatever address the listener binds on one machine. */
export function listenerName(bind: string, port: number): string {
  return `${bind}_${port}`;
}

const bindSuffix = (bind: string | undefined): string => (bind === undefined ? '' : `.${bind}`);

/** `http.80`: the port is the resolved target port; the bind address is appended only where the Gateway sets one. */
export function httpRouteName(targetPort: number, bind?: string): string {
  return `http.${targetPort}${bindSuffix(bind)}`;
}

/** `https.443.https.default-gateway.istio-system`: the port is the Gateway's own, not the target port. */
export function httpsRouteName(server: {
  port: number;
  portName: string;
  gateway: string;
  namespace: string;
  bind?: string | undefined;
}): string {
  return `https.${server.port}.${server.portName}.${server.gateway}.${server.namespace}${bindSuffix(server.bind)}`;
}

/** `http.80/shop.example.com`: the scope of a host, its key, and the route configuration that it leads to. */
export function scopeName(table: string, host: string): string {
  return `${table}/${host}`;
}

/** `http.80/` of all its scopes: stands for them where a listener refers to its table. */
export const scopesOfTable = (table: string): string => scopeName(table, '');
export const tableOfScope = (scope: string): string => scopesOfTable(scope.slice(0, scope.indexOf('/')));

/** Reserved: what clients send under this name is overwritten, and endpoints are not told of it. */
export const scopeHeader = 'x-tidegate-scope';
/** HTTP filters of the gateway's own, which look for wildcards among scopes. */
export const scopedLowerCaseFilter = 'tidegate.scoped_routes.lower_case';
export const scopedWildcardFilter = 'tidegate.scoped_routes.wildcard';

/** `counter.lab.example.com:80`. */
export function virtualHostName(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The virtual host of a port without any VirtualService: answers 404. */
export function blackHoleVirtualHostName(port: number): string {
  return `blackhole:${port}`;
}

/** `file-cert:/etc/certs/tls.crt~/etc/certs/tls.key`. */
export function fileCertificateName(certificate: string, key: string): string {
  return `file-cert:${certificate}~${key}`;
}

/** `file-root:/etc/certs/ca.crt`, Istio's; with a revocation list, for which Istio has no name, `file-root-crl:/etc/certs/ca.crt~/etc/certs/ca.crl`. */
export function fileRootName(certificate: string, crl?: string): string {
  return crl === undefined ? `file-root:${certificate}` : `file-root-crl:${certificate}~${crl}`;
}

/** In the place of a file: the authorities that the operating system trusts, `file-root:system`. */
export const systemRoots = 'system';

export type FileSecretName =
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string }
  | { readonly kind: 'root'; readonly certificate: string; readonly crl: string | undefined };

export function parseFileSecretName(name: string): FileSecretName | undefined {
  if (name.startsWith('file-root:'))
    return { kind: 'root', certificate: name.slice('file-root:'.length), crl: undefined };
  const prefix = ['file-cert:', 'file-root-crl:'].find((one) => name.startsWith(one));
  if (prefix === undefined) return undefined;
  const [certificate, other, ...rest] = name.slice(prefix.length).split('~');
  if (!certificate || !other || rest.length > 0) return undefined;
  return prefix === 'file-cert:'
    ? { kind: 'certificate', certificate, key: other }
    : { kind: 'root', certificate, crl: other };
}

/** `kubernetes://name` or `kubernetes://namespace/name`. */
export function kubernetesSecretName(credentialName: string): string {
  return credentialName.includes('://') ? credentialName : `kubernetes://${credentialName}`;
}

/** Of the Secret beside an Ingress: a name that no Gateway of another namespace can write as its credentialName. */
export function ingressSecretName(namespace: string, name: string): string {
  return `kubernetes-ingress://${namespace}/${name}`;
}

/** The path of the user's object in a route's `filter_metadata.istio.config`; how the owner of a route is told. */
export function configPath(owner: {
  kind: 'VirtualService' | 'DestinationRule';
  namespace: string;
  name: string;
}): string {
  const kind = owner.kind === 'VirtualService' ? 'virtual-service' : 'destination-rule';
  return `/apis/networking.istio.io/v1/namespaces/${owner.namespace}/${kind}/${owner.name}`;
}

/** `router~10.0.0.7~gateway-0.istio-system~istio-system.svc.cluster.local`. */
export function nodeId(node: { address: string; name: string; namespace: string; domain: string }): string {
  return `router~${node.address}~${node.name}.${node.namespace}~${node.namespace}.svc.${node.domain}`;
}
