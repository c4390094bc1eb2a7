// Hand-made configurations and real sockets for the tests of the data path.

import http from 'node:http';
import net from 'node:net';
import { afterEach } from 'node:test';
import { silentLogger } from '../../lib/logger.ts';
import type {
  CircuitBreakers,
  ClusterConfig,
  DownstreamLimits,
  EngineConfig,
  FilterChainConfig,
  HttpConnectionManager,
  ListenerConfig,
  RetryPolicy,
  Route,
  RouteTable,
  SecretConfig,
  TcpProxy,
  UpstreamConnectionConfig,
} from './config/engine-config.ts';
import { createEngine, type Engine, type EngineOptions } from './create-engine.ts';

export const defaultRetryPolicy: RetryPolicy = {
  retryOn: ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'],
  numRetries: 2,
  perTryTimeoutMs: 0,
  retriableStatusCodes: [],
  avoidPreviousHosts: true,
  hostSelectionMaxAttempts: 5,
  backOff: { baseMs: 25, maxMs: 250 },
};

export const downstreamLimits: DownstreamLimits = {
  idleTimeoutMs: 3_600_000,
  maxConnectionDurationMs: 0,
  maxStreamDurationMs: 0,
  requestTimeoutMs: 0,
  requestHeadersTimeoutMs: 0,
  maxConcurrentStreams: 1024,
  initialStreamWindowBytes: 256 * 1024,
  initialConnectionWindowBytes: 1024 * 1024,
};

export function httpManager(overrides: Partial<HttpConnectionManager> = {}): HttpConnectionManager {
  return {
    kind: 'http',
    statPrefix: 'http',
    routeConfigName: 'http.80',
    serverName: 'istio-envoy',
    useRemoteAddress: true,
    xffNumTrustedHops: 0,
    forwardClientCert: undefined,
    normalizePath: true,
    mergeSlashes: false,
    escapedSlashes: 'KEEP_UNCHANGED',
    limits: downstreamLimits,
    streamIdleTimeoutMs: 0,
    maxRequestHeadersKb: 60,
    maxRequestHeadersCount: 100,
    upgradeTypes: [],
    httpFilters: ['envoy.filters.http.router'],
    grpcWeb: false,
    accessLogs: [],
    ...overrides,
  };
}

export function filterChain(
  network: HttpConnectionManager | TcpProxy,
  overrides: Partial<FilterChainConfig> = {},
): FilterChainConfig {
  return {
    name: '',
    match: { serverNames: [], transportProtocol: '', applicationProtocols: [] },
    tls: undefined,
    transportSocketConnectTimeoutMs: 15_000,
    network,
    ...overrides,
  };
}

export function listener(
  chains: readonly FilterChainConfig[],
  overrides: Partial<ListenerConfig> = {},
): ListenerConfig {
  return {
    name: '0.0.0.0_80',
    version: '1',
    address: '127.0.0.1',
    port: 0,
    tlsInspector: chains.some((chain) => chain.tls !== undefined),
    perConnectionBufferLimitBytes: 1024 * 1024,
    filterChains: chains,
    defaultFilterChain: undefined,
    accessLogs: [],
    listenerFiltersTimeoutMs: 15_000,
    ...overrides,
  };
}

export const noLimits: CircuitBreakers = {
  maxConnections: Number.POSITIVE_INFINITY,
  maxPendingRequests: Number.POSITIVE_INFINITY,
  maxRequests: Number.POSITIVE_INFINITY,
  maxRetries: Number.POSITIVE_INFINITY,
  retryBudget: undefined,
};

export const keptConnections: UpstreamConnectionConfig = {
  idleTimeoutMs: 0,
  maxDurationMs: 0,
  maxRequests: 0,
  maxConcurrentStreams: undefined,
  http2Keepalive: undefined,
  tcpKeepalive: undefined,
  autoSni: false,
  autoSanValidation: false,
  preservesHeaderCase: false,
};

export function cluster(name: string, ports: readonly number[], overrides: Partial<ClusterConfig> = {}): ClusterConfig {
  return {
    name,
    version: ports.join(','),
    connectTimeoutMs: 2000,
    protocol: 'http1',
    connections: keptConnections,
    circuitBreakers: noLimits,
    lbPolicy: 'LEAST_REQUEST',
    endpoints: ports.map((port) => ({
      address: '127.0.0.1',
      port,
      weight: 1,
      healthy: true,
      locality: { region: '', zone: '', subZone: '', priority: 0, weight: 1 },
    })),
    ...overrides,
  };
}

export function forwardRoute(prefix: string, clusterName: string, overrides: Partial<Route> = {}): Route {
  return {
    name: '',
    match: { path: { kind: 'prefix', value: prefix, caseSensitive: true } },
    action: {
      kind: 'forward',
      clusters: { entries: [{ cluster: clusterName, weight: 1 }], totalWeight: 1 },
      timeoutMs: 0,
      retry: defaultRetryPolicy,
    },
    decoratorOperation: '',
    owner: undefined,
    ...overrides,
  };
}

export function routeTable(routes: readonly Route[], domains: readonly string[] = ['*']): RouteTable {
  return {
    name: 'http.80',
    version: '1',
    ignorePortInHostMatching: true,
    virtualHosts: [{ name: 'vh', domains, routes, requireTls: 'NONE', includeRequestAttemptCount: true }],
  };
}

export function engineConfig(parts: {
  readonly listeners?: readonly ListenerConfig[];
  readonly routes?: readonly RouteTable[];
  readonly clusters?: readonly ClusterConfig[];
  readonly secrets?: readonly SecretConfig[];
}): EngineConfig {
  const byName = <T extends { readonly name: string }>(items: readonly T[] = []): ReadonlyMap<string, T> =>
    new Map(items.map((item) => [item.name, item]));
  return {
    listeners: byName(parts.listeners),
    scopes: new Map(),
    routes: byName(parts.routes),
    clusters: byName(parts.clusters),
    secrets: byName(parts.secrets),
  };
}

export interface RunningEngine {
  readonly engine: Engine;
  readonly lines: string[];
  /** The port a listener is bound to. */
  port(name?: string): number;
  stop(): Promise<void>;
}

/** Applies the configuration and waits until the listeners are bound, or are known not to be. */
export async function runEngine(config: EngineConfig, options: Partial<EngineOptions> = {}): Promise<RunningEngine> {
  const lines: string[] = [];
  const engine = createEngine({
    logger: silentLogger,
    onAccessLogLine: (line) => lines.push(line),
    stdout: () => {},
    bindRetry: { initialMs: 20, maxMs: 50 },
    ...options,
  });
  engine.apply(config);
  await until(() => engine.settled);
  return {
    engine,
    lines,
    port: (name = '0.0.0.0_80') => engine.listeners().find((bound) => bound.name === name)?.port ?? 0,
    stop: () => engine.drain(100),
  };
}

/** Waits for a condition, at most five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`condition not met: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Backend {
  readonly port: number;
  stop(): Promise<void>;
}

export async function listen(server: net.Server): Promise<Backend> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as net.AddressInfo;
  return {
    port: address.port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A backend whose answers a handler gives. */
export function httpBackend(handler: http.RequestListener): Promise<Backend> {
  return listen(http.createServer({ keepAliveTimeout: 0 }, handler));
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
}

export function get(port: number, path: string, options: http.RequestOptions = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          trailers: response.trailers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends bytes and collects what comes until the other side closes, or `enough` is there. */
export function exchangeBytes(
  port: number,
  bytes: string | Buffer,
  enough?: (received: string) => boolean,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (enough?.(received)) socket.destroy();
    });
    socket.on('close', () => resolve(received));
  });
}

export interface Cleanups {
  /** Run after each test, the last one first. */
  readonly cleanups: (() => Promise<void>)[];
  /** Stops the resource after the test. */
  keep<T extends { stop(): Promise<void> }>(resource: T): T;
}

/** For the top of a test file. */
export function cleanUpAfterEach(): Cleanups {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  return {
    cleanups,
    keep: (resource) => {
      cleanups.push(() => resource.stop());
      return resource;
    },
  };
}
