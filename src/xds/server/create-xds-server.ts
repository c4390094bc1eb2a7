// Binds the xDS services to gRPC: raw bytes in both directions, so that cached resources are never encoded twice.
import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServiceDefinition,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { silentLogger } from '../../lib/logger.ts';
import { TidegateError } from '../../lib/tidegate-error.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import { pushOrder, type TypeUrl, typeUrls } from '../type-urls.ts';
import { type RawCall, type StreamContext, serveStream, type XdsStream } from './serve-stream.ts';
import type { XdsStreamProtocol } from './stream-state.ts';
import type { XdsServer, XdsServerOptions } from './xds-server.ts';

const mebibyte = 1024 * 1024;

const grpcOptions: ServerOptions = {
  // A proxy that reconnects lists the version of everything it has, of 250,000 names at most; responses carry whole
  // configurations.
  'grpc.max_receive_message_length': 64 * mebibyte,
  'grpc.max_send_message_length': 256 * mebibyte,
  'grpc.max_concurrent_streams': 1000,
  // Finds a peer that went without a word, so that proxy-status does not list it for ever.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
};

// It writes to stderr by itself; what matters of it comes as an error or a status too.
setLogVerbosity(logVerbosity.NONE);

/** In-flight streams get this long to end by themselves. */
const closeTimeoutMs = 1000;
/** A client may invent type URLs; only so many are remembered (and logged). */
const maxUnknownTypes = 32;

const identity = (bytes: Buffer): Buffer => bytes;

interface Service {
  readonly path: string;
  readonly protocol: XdsStreamProtocol;
  readonly served: readonly TypeUrl[];
}

const ads = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const sds = '/envoy.service.secret.v3.SecretDiscoveryService';
const services: readonly Service[] = [
  { path: `${ads}/StreamAggregatedResources`, protocol: 'SotW', served: pushOrder },
  { path: `${ads}/DeltaAggregatedResources`, protocol: 'delta', served: pushOrder },
  { path: `${sds}/StreamSecrets`, protocol: 'SotW', served: [typeUrls.secret] },
  { path: `${sds}/DeltaSecrets`, protocol: 'delta', served: [typeUrls.secret] },
];

const definition: ServiceDefinition = Object.fromEntries(
  services.map(({ path }) => [
    path,
    {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  ]),
);

/** Caches in use, and by how many streams; tells when the last one has gone. */
function createCacheUse(options: XdsServerOptions): Pick<StreamContext, 'openCache' | 'closeCache'> {
  const counts = new Map<ResourceCache, number>();
  return {
    openCache(node) {
      const cache = options.cacheFor(node);
      counts.set(cache, (counts.get(cache) ?? 0) + 1);
      return cache;
    },
    closeCache(node, cache) {
      const left = (counts.get(cache) ?? 1) - 1;
      if (left > 0) {
        counts.set(cache, left);
        return;
      }
      counts.delete(cache);
      options.release?.(node);
    },
  };
}

export function createXdsServer(options: XdsServerOptions): XdsServer {
  const logger = options.logger ?? silentLogger;
  const server = new Server(grpcOptions);
  const streams = new Set<XdsStream>();
  const unknownTypes = new Set<string>();
  const context = {
    ...createCacheUse(options),
    onSubscribe: options.onSubscribe ?? (() => undefined),
    observer: options.observer ?? {},
    logger,
    reportUnknownType(typeUrl: string, node: { readonly id: string }) {
      if (unknownTypes.has(typeUrl) || unknownTypes.size >= maxUnknownTypes) return;
      unknownTypes.add(typeUrl);
      logger.info({ typeUrl: typeUrl.slice(0, 200), proxy: node.id }, 'a proxy asks for a type that is not served');
    },
    closed: (stream: XdsStream) => void streams.delete(stream),
  };
  let streamCount = 0;
  server.addService(
    definition,
    Object.fromEntries(
      services.map(({ path, protocol, served }) => [
        path,
        (call: RawCall) => {
          streamCount += 1;
          streams.add(serveStream(call, { ...context, protocol, served, streamId: streamCount }));
        },
      ]),
    ),
  );
  const connected = () => [...streams].flatMap((stream) => stream.proxy ?? []);

  return {
    async listen(address) {
      if (address.startsWith('unix:')) await removeStaleSocket(address.slice('unix:'.length).replace(/^\/\/\//, '/'));
      return bind(server, address);
    },
    proxies: () => connected().toSorted((a, b) => compare(a.node.name, b.node.name) || a.connectedAt - b.connectedAt),
    resync(proxy) {
      const matching = [...streams].filter((s) => s.proxy?.node.id === proxy || s.proxy?.node.name === proxy);
      for (const stream of matching) stream.resync();
      return matching.length > 0;
    },
    async close() {
      for (const stream of [...streams]) stream.end();
      await shutDown(server);
    },
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function bind(server: Server, address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (!error) return resolve(address.startsWith('unix:') ? address : address.replace(/:\d+$/, `:${port}`));
      const hint = 'Another process may listen there already; give another address.';
      return reject(
        new TidegateError('address-in-use', `xDS cannot listen on ${address}: ${error.message}`, {
          hint,
          cause: error,
        }),
      );
    });
  });
}

/** A process that was killed leaves its socket behind, and the address would be taken for ever. */
async function removeStaleSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats?.isSocket()) return;
  const isAlive = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  if (!isAlive) await unlink(path).catch(() => undefined);
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, closeTimeoutMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
