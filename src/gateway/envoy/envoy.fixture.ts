// What the tests with real Envoy need: the binary or a reason to skip, a small pilot, and listeners to serve.
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack, DurationSchema } from '@bufbuild/protobuf/wkt';
import { createResourceCache } from '../../xds/cache/create-resource-cache.ts';
import type { ResourceCache } from '../../xds/cache/resource-cache.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ApiConfigSource_ApiType, ApiVersion } from '../../xds/generated/envoy/config/core/v3/config_source_pb.ts';
import { ListenerSchema } from '../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { FileAccessLogSchema } from '../../xds/generated/envoy/extensions/access_loggers/file/v3/file_pb.ts';
import { RouterSchema } from '../../xds/generated/envoy/extensions/filters/http/router/v3/router_pb.ts';
import { TlsInspectorSchema } from '../../xds/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import { HttpConnectionManagerSchema } from '../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { DownstreamTlsContextSchema } from '../../xds/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import { fileSecretCluster } from '../../xds/resource-names.ts';
import { createXdsServer } from '../../xds/server/create-xds-server.ts';
import type { XdsServer } from '../../xds/server/xds-server.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import { createMountedSecrets } from '../secrets/create-mounted-secrets.ts';
import { createEnvoyDataPlane, type EnvoyDataPlane, type EnvoyDataPlaneOptions } from './create-envoy-data-plane.ts';
import { locateEnvoy } from './locate-envoy.ts';

export const envoyBinary = locateEnvoy() ?? '';

/** For `test(name, { skip })`. In CI a missing Envoy is a failure: the tests then run, and fail at its start. */
export const skipWithoutEnvoy =
  envoyBinary === '' && process.env.CI !== 'true'
    ? 'no real Envoy here: run `node scripts/fetch-envoy.mjs` or set TIDEGATE_ENVOY'
    : false;

const inFiveSeconds = create(DurationSchema, { seconds: 5n });
const pack = <Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>) =>
  anyPack(schema, create(schema, init));

/** `direct` answers with that text; `upstream` sends everything to the cluster `backend`. */
const connectionManager = (route: { direct: string } | 'upstream') => ({
  name: 'envoy.filters.network.http_connection_manager',
  configType: {
    case: 'typedConfig' as const,
    value: pack(HttpConnectionManagerSchema, {
      statPrefix: 'test',
      accessLog: [
        {
          name: 'envoy.access_loggers.file',
          configType: {
            case: 'typedConfig',
            value: pack(FileAccessLogSchema, {
              path: '/dev/stdout',
              accessLogFormat: {
                case: 'logFormat',
                value: {
                  format: {
                    case: 'textFormatSource',
                    value: { specifier: { case: 'inlineString', value: '%REQ(:PATH)% %RESPONSE_CODE%\n' } },
                  },
                },
              },
            }),
          },
        },
      ],
      httpFilters: [
        { name: 'envoy.filters.http.router', configType: { case: 'typedConfig', value: pack(RouterSchema, {}) } },
      ],
      routeSpecifier: {
        case: 'routeConfig',
        value: {
          virtualHosts: [
            {
              name: 'all',
              domains: ['*'],
              routes: [
                {
                  match: { pathSpecifier: { case: 'prefix', value: '/' } },
                  action:
                    route === 'upstream'
                      ? { case: 'route', value: { clusterSpecifier: { case: 'cluster', value: 'backend' } } }
                      : {
                          case: 'directResponse',
                          value: { status: 200, body: { specifier: { case: 'inlineString', value: route.direct } } },
                        },
                },
              ],
            },
          ],
        },
      },
    }),
  },
});

const socketAddress = (port: number) => ({
  case: 'socketAddress' as const,
  value: { address: '127.0.0.1', portSpecifier: { case: 'portValue' as const, value: port } },
});

const fileSecret = (name: string) => ({
  name,
  sdsConfig: {
    resourceApiVersion: ApiVersion.V3,
    initialFetchTimeout: inFiveSeconds,
    configSourceSpecifier: {
      case: 'apiConfigSource' as const,
      value: {
        apiType: ApiConfigSource_ApiType.DELTA_GRPC,
        transportApiVersion: ApiVersion.V3,
        setNodeOnFirstMessageOnly: true,
        grpcServices: [{ targetSpecifier: { case: 'envoyGrpc' as const, value: { clusterName: fileSecretCluster } } }],
      },
    },
  },
});

const tlsInspector = {
  name: 'envoy.filters.listener.tls_inspector',
  configType: { case: 'typedConfig' as const, value: pack(TlsInspectorSchema, {}) },
};

export interface TestListener {
  readonly port: number;
  readonly route: { direct: string } | 'upstream';
  /** SDS names by SNI host. */
  readonly tls?: Readonly<Record<string, string>>;
}

function listenerResource(name: string, { port, route, tls }: TestListener): XdsResource {
  const filters = [connectionManager(route)];
  const message = create(ListenerSchema, {
    name,
    address: { address: socketAddress(port) },
    enableReusePort: false,
    listenerFilters: tls ? [tlsInspector] : [],
    filterChains: tls
      ? Object.entries(tls).map(([host, secret]) => ({
          name: host,
          filterChainMatch: { serverNames: [host] },
          filters,
          transportSocket: {
            name: 'envoy.transport_sockets.tls',
            configType: {
              case: 'typedConfig' as const,
              value: pack(DownstreamTlsContextSchema, {
                commonTlsContext: { tlsCertificateSdsSecretConfigs: [fileSecret(secret)] },
              }),
            },
          },
        }))
      : [{ filters }],
  });
  return createXdsResource(typeUrls.listener, ListenerSchema, name, message);
}

function backendCluster(port: number): XdsResource {
  const endpoint = { address: { address: socketAddress(port) } };
  const message = create(ClusterSchema, {
    name: 'backend',
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: inFiveSeconds,
    loadAssignment: {
      clusterName: 'backend',
      endpoints: [{ lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: endpoint } }] }],
    },
  });
  return createXdsResource(typeUrls.cluster, ClusterSchema, 'backend', message);
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface TestPilot {
  readonly address: string;
  readonly cache: ResourceCache;
  readonly server: XdsServer;
  readonly rejections: string[];
  serve(listeners: Readonly<Record<string, TestListener>>, backendPort?: number): void;
}

async function startPilot(t: TestContext, folder: string): Promise<TestPilot> {
  const cache = createResourceCache();
  const rejections: string[] = [];
  const server = createXdsServer({
    cacheFor: () => cache,
    observer: { rejected: ({ error }) => rejections.push(error) },
  });
  const address = await server.listen(`unix:${path.join(folder, 'pilot.sock')}`);
  t.after(() => server.close());
  return {
    address,
    cache,
    server,
    rejections,
    serve(listeners, backendPort) {
      const lds = Object.entries(listeners).map(
        ([name, listener]) => [name, listenerResource(name, listener)] as const,
      );
      const cds = backendPort === undefined ? [] : [['backend', backendCluster(backendPort)] as const];
      cache.set(
        new Map([
          [typeUrls.cluster, new Map(cds)],
          [typeUrls.listener, new Map(lds)],
        ]),
      );
    },
  };
}

export interface TestGateway {
  readonly folder: string;
  readonly pilot: TestPilot;
  readonly envoy: EnvoyDataPlane;
  /** Everything logged, `level message`. */
  readonly log: string[];
}

export const certificateFolder = '/etc/istio/ingressgateway-certs';

/** Everything but `start()`; torn down after the test. Certificates are in FOLDER/certs. */
export async function createGateway(
  t: TestContext,
  options: Partial<EnvoyDataPlaneOptions> = {},
): Promise<TestGateway> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidegate-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const certificates = path.join(folder, 'certs');
  fs.mkdirSync(certificates);
  const pilot = await startPilot(t, folder);
  const secrets = createMountedSecrets({ mounts: { [certificateFolder]: certificates }, pollIntervalMs: 50 });
  t.after(() => secrets.close());
  const log: string[] = [];
  const note = (level: string) => (_fields: object, message: string) => void log.push(`${level} ${message}`);
  const envoy = createEnvoyDataPlane({
    binary: envoyBinary,
    node: {
      name: 'gateway',
      namespace: 'istio-system',
      address: '127.0.0.1',
      labels: { istio: 'ingressgateway' },
      dataPlane: 'envoy',
      version: '0',
    },
    pilot: pilot.address,
    secrets,
    concurrency: 1,
    drainTimeS: 1,
    logger: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    ...options,
  });
  t.after(() => envoy.drain(0));
  return { folder, pilot, envoy, log };
}

export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Body of a GET on a connection of its own; undefined if there is none. */
export function fetchText(port: number, pathname = '/'): Promise<string | undefined> {
  return new Promise((resolve) => {
    http
      .get({ host: '127.0.0.1', port, path: pathname, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve(body)).on('error', () => resolve(undefined));
      })
      .on('error', () => resolve(undefined));
  });
}
