// Kubernetes and Istio objects for tests, and a folder of them that is edited as an editor, kubectl or a mount would.
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

export type Manifest = Readonly<Record<string, unknown>>;

export interface Address {
  readonly address: string;
  readonly port: number;
}

export function gateway(servers: readonly Manifest[], name = 'gw'): Manifest {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name, namespace: 'istio-system' },
    spec: { selector: { istio: 'ingressgateway' }, servers },
  };
}

export function httpServer(number = 80, hosts: readonly string[] = ['*']): Manifest {
  return { port: { number, name: `http-${number}`, protocol: 'HTTP' }, hosts };
}

export function tcpServer(number: number): Manifest {
  return { port: { number, name: `tcp-${number}`, protocol: 'TCP' }, hosts: ['*'] };
}

/** `tls` is what stands there in the manifest: files or a credentialName. */
export function httpsServer(hosts: readonly string[], tls: Manifest, number = 443): Manifest {
  const name = `https-${number}-${hosts[0]?.replaceAll(/[^a-z0-9]/g, '-')}`;
  return { port: { number, name, protocol: 'HTTPS' }, hosts, tls: { mode: 'SIMPLE', ...tls } };
}

/** A Service with one port, and the EndpointSlices that say where it is: one for each port number among the endpoints. */
export function service(name: string, endpoints: readonly Address[], portName = 'http', port = 80): Manifest[] {
  const targetPorts = [...new Set(endpoints.map((endpoint) => endpoint.port))];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { ports: [{ name: portName, port, targetPort: targetPorts[0] ?? port }] },
    },
    ...targetPorts.map((targetPort) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${targetPort}`,
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': name },
      },
      addressType: 'IPv4',
      ports: [{ name: portName, port: targetPort, protocol: 'TCP' }],
      endpoints: endpoints
        .filter((endpoint) => endpoint.port === targetPort)
        .map((endpoint) => ({ addresses: [endpoint.address], conditions: { ready: true } })),
    })),
  ];
}

export function virtualService(name: string, hosts: readonly string[], spec: Manifest): Manifest {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'default' },
    spec: { hosts, gateways: ['istio-system/gw'], ...spec },
  };
}

/** The commonest one: everything of a host to one service. */
export function routeTo(host: string, destination: string, name = host.replaceAll('.', '-')): Manifest {
  return virtualService(name, [host], { http: [{ route: [{ destination: { host: destination } }] }] });
}

export function mesh(settings: Manifest): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { mesh: stringify(settings) },
  };
}

export function toYaml(manifests: readonly Manifest[]): string {
  return manifests.map((manifest) => stringify(manifest)).join('---\n');
}

export interface ManifestFolder {
  readonly path: string;
  file(name: string): string;
  /** Replaces the file in one step: a new one is renamed over it. */
  replace(name: string, manifests: readonly Manifest[] | string): void;
  /** Truncates and writes the same file, as some editors do. */
  overwrite(name: string, manifests: readonly Manifest[] | string): void;
  rename(from: string, to: string): void;
  remove(name: string): void;
  dispose(): void;
}

export function createManifestFolder(files: Readonly<Record<string, readonly Manifest[] | string>>): ManifestFolder {
  const path = mkdtempSync(join(tmpdir(), 'tidegate-manifests-'));
  // Some tests run Tidegate as another user than themselves.
  chmodSync(path, 0o755);
  const file = (name: string): string => join(path, name);
  const text = (content: readonly Manifest[] | string): string =>
    typeof content === 'string' ? content : toYaml(content);
  for (const [name, content] of Object.entries(files)) writeFileSync(file(name), text(content));
  return {
    path,
    file,
    replace: (name, content) => {
      // The dot, and an ending that is none of YAML or JSON, keep the half-written file out of the source's sight.
      const temporary = file(`.${name}.tmp`);
      writeFileSync(temporary, text(content));
      renameSync(temporary, file(name));
    },
    overwrite: (name, content) => writeFileSync(file(name), text(content)),
    rename: (from, to) => renameSync(file(from), file(to)),
    remove: (name) => rmSync(file(name), { recursive: true, force: true }),
    dispose: () => rmSync(path, { recursive: true, force: true }),
  };
}
