// The TCP proxy: one connection of a client, one to an endpoint, bytes both ways with back-pressure and half-close.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { PickedHost } from '../cluster/load-balancer.ts';
import { pickCluster } from '../cluster/pick-cluster.ts';
import { xxHash64 } from '../cluster/xx-hash.ts';
import type { DynamicMetadata, TcpProxy } from '../config/engine-config.ts';
import type { RequestInfo, ResponseFlag } from '../config/request-info.ts';
import { describeConnection } from '../http/describe-connection.ts';
import type { DownstreamConnection } from '../http/downstream-stream.ts';
import type { HttpServing } from '../http/http-serving.ts';
import type { TcpStatistics } from '../statistics/connection-statistics.ts';
import { countBytes } from '../statistics/count-bytes.ts';
import { connectUpstream, socketAddress } from '../upstream/connect-upstream.ts';
import { countUpstream } from '../upstream/count-tcp.ts';
import type { Cluster } from '../upstream/create-cluster-set.ts';
import { guardConnection, type PassClient } from './guard-connection.ts';
import { openTunnel } from './open-tunnel.ts';

export type TcpServing = Pick<HttpServing, 'clusters' | 'random' | 'log' | 'statistics'>;

interface Progress {
  upstreamCluster: string | undefined;
  upstreamClusterAltStatName: string | undefined;
  upstreamHost: string | undefined;
  upstreamLocalAddress: string | undefined;
  transportFailure: string | undefined;
  details: string | undefined;
  terminationDetails: string | undefined;
  metadata: () => DynamicMetadata | undefined;
  readonly flags: ResponseFlag[];
  bytesReceived: number;
  bytesSent: number;
  connectAttempts: number;
}

export function proxyTcp(client: Socket, connection: DownstreamConnection, proxy: TcpProxy, serving: TcpServing): void {
  const startedAt = performance.now();
  const progress: Progress = {
    upstreamCluster: undefined,
    upstreamClusterAltStatName: undefined,
    upstreamHost: undefined,
    upstreamLocalAddress: undefined,
    transportFailure: undefined,
    details: undefined,
    terminationDetails: undefined,
    metadata: () => undefined,
    flags: [],
    bytesReceived: 0,
    bytesSent: 0,
    connectAttempts: 0,
  };
  const { counters } = serving.statistics.tcp(proxy.statPrefix);
  const countCarried = countClientBytes(client, counters);
  let ended = false;
  const endings: (() => void)[] = [];
  const end = (): void => {
    if (ended) return;
    ended = true;
    countCarried();
    for (const ending of endings) ending();
    if (proxy.accessLogs.length > 0) serving.log(proxy.accessLogs, describe(progress, connection, startedAt));
  };
  client.on('close', end);

  const refuse = (flags: readonly ResponseFlag[], details: string | undefined): void => {
    progress.flags.push(...flags);
    progress.details = details;
    // As Envoy: an ordinary close, which the kernel makes a reset only where the client has sent something already.
    // A reset at once could reach the client before it knows that it was accepted.
    client.destroy();
  };

  const name = pickCluster(proxy.clusters, serving.random)?.cluster;
  const cluster = name === undefined ? undefined : serving.clusters.get(name);
  if (!cluster) {
    counters.downstream_cx_no_route++;
    refuse(['NC'], 'cluster_not_found');
    return;
  }
  progress.upstreamCluster = cluster.config.name;
  progress.upstreamClusterAltStatName = cluster.config.altStatName;
  // Tunnels are requests over the cluster's pools, which keep its limits.
  if (proxy.tunnel === undefined && !cluster.limits.connections.mayTake()) {
    cluster.statistics.counters.upstream_cx_overflow++;
    refuse(['UO'], undefined);
    return;
  }
  const connectTo = (host: PickedHost): void =>
    connect({ client, connection, proxy, serving, cluster, progress, endings, refuse }, host);
  if (cluster.dynamic !== undefined) {
    client.pause();
    const leave = cluster.dynamic.find(connection.requestedServerName ?? '', (found) => {
      if ('details' in found) refuse(['UH'], undefined);
      else connectTo(found);
    });
    endings.push(leave);
    return;
  }
  const consistent = proxy.hashesSourceIp === true && cluster.balancer.isConsistent;
  const host = cluster.balancer.pick(consistent ? { hash: xxHash64(connection.remoteIp) } : {});
  if (host) connectTo(host);
  else {
    cluster.statistics.counters.upstream_cx_none_healthy++;
    refuse(['UH'], 'no_healthy_upstream');
  }
}

interface Connecting {
  readonly client: Socket;
  readonly connection: DownstreamConnection;
  readonly proxy: TcpProxy;
  readonly serving: TcpServing;
  readonly cluster: Cluster;
  readonly progress: Progress;
  /** What is done once the connection is at its end. */
  readonly endings: (() => void)[];
  readonly refuse: (flags: readonly ResponseFlag[], details: string | undefined) => void;
}

function connect(
  { client, connection, proxy, serving, cluster, progress, endings, refuse }: Connecting,
  host: PickedHost,
): void {
  const { tunnel } = proxy;
  endings.push(() => host.release());
  progress.upstreamHost = host.key;
  progress.connectAttempts = 1;
  // Nothing is read before it can be passed on.
  client.pause();
  const onConnected = (upstream: Duplex, localAddress: string): void => {
    cluster.report(host, { kind: 'served' });
    progress.upstreamLocalAddress = localAddress;
    endings.push(() => upstream.destroy());
    // As in Envoy a client is judged once it says something: the endpoint may speak first.
    const guarding = guardConnection(connection, proxy.guards ?? [], serving, (refusal) => {
      progress.terminationDetails = refusal.terminationDetails;
      refuse(refusal.flags, refusal.details);
      upstream.destroy();
    });
    progress.metadata = guarding.metadata;
    endings.push(guarding.abandon);
    splice(client, upstream, guarding.pass, progress, {
      ms: proxy.idleTimeoutMs,
      expired: () => serving.statistics.tcp(proxy.statPrefix).counters.idle_timeout++,
    });
  };
  const onFailed = (kind: 'timeout' | 'connect failed', transportFailure: string | undefined): void => {
    cluster.report(host, { kind });
    progress.transportFailure = transportFailure;
    refuse(['UF', 'URX'], undefined);
  };
  if (tunnel !== undefined) {
    const options = { tunnel, cluster, host, connection, timeoutMs: proxy.idleTimeoutMs };
    endings.push(openTunnel(options, { onConnected, onFailed: (text) => onFailed('connect failed', text) }));
    return;
  }
  const counting = countUpstream(cluster);
  endings.push(cluster.limits.connections.take());
  const abandon = connectUpstream(
    host.endpoint,
    cluster.config.connectTimeoutMs,
    {
      onConnected: (upstream) => {
        counting.connected(upstream);
        onConnected(upstream, socketAddress(upstream.localAddress, upstream.localPort));
      },
      onFailed: (reset) => {
        counting.failed(reset);
        onFailed(reset.reason === 'connection timeout' ? 'timeout' : 'connect failed', reset.transportFailure);
      },
    },
    {
      allowHalfOpen: true,
      keepalive: cluster.config.connections.tcpKeepalive,
      transport: cluster.transportTo({
        authority: '',
        addresses: { source: connection.remoteAddress, destination: connection.localAddress },
      }),
    },
  );
  endings.push(() => {
    counting.abandoned();
    abandon();
  });
}

/** Joins both sides until both have ended, one breaks, or nothing has moved for too long. */
function splice(
  client: Socket,
  upstream: Duplex,
  pass: PassClient,
  progress: Progress,
  idling: { readonly ms: number; readonly expired: () => void },
): void {
  const close = (): void => {
    clearTimeout(idle);
    client.destroy();
    upstream.destroy();
  };
  const expire = (): void => {
    idling.expired();
    close();
  };
  const idle = idling.ms > 0 ? setTimeout(expire, idling.ms) : undefined;
  idle?.unref();
  pump(client, upstream, pass, (bytes) => {
    progress.bytesReceived += bytes;
    idle?.refresh();
  });
  pump(upstream, client, passAtOnce, (bytes) => {
    progress.bytesSent += bytes;
    idle?.refresh();
  });
  upstream.on('close', () => {
    clearTimeout(idle);
    // What the endpoint said last still reaches the client.
    client.destroySoon();
  });
  client.on('close', close);
}

function countClientBytes(client: Socket, counters: TcpStatistics['counters']): () => void {
  return countBytes(client, (received, sent) => {
    counters.downstream_cx_rx_bytes_total += received;
    counters.downstream_cx_tx_bytes_total += sent;
  });
}

const passAtOnce: PassClient = (next) => next();

/** `pass` may keep back what comes first; nothing more is read until it lets go of it. */
function pump(from: Duplex, to: Duplex, pass: PassClient, count: (bytes: number) => void): void {
  from.on('data', (chunk: Buffer) => {
    count(chunk.length);
    let isHeld = false;
    let hasPassed = false;
    pass(() => {
      hasPassed = true;
      if (to.writable && !to.write(chunk)) from.pause();
      else if (isHeld) from.resume();
    });
    if (hasPassed) return;
    isHeld = true;
    from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => pass(() => to.end()));
  from.resume();
}

function describe(progress: Progress, connection: DownstreamConnection, startedAt: number): RequestInfo {
  return {
    ...describeConnection(connection, startedAt),
    responseCodeDetails: progress.details,
    connectionTerminationDetails: progress.terminationDetails,
    dynamicMetadata: progress.metadata(),
    responseFlags: progress.flags,
    bytesReceived: progress.bytesReceived,
    bytesSent: progress.bytesSent,
    upstreamHost: progress.upstreamHost,
    upstreamLocalAddress: progress.upstreamLocalAddress,
    upstreamCluster: progress.upstreamCluster,
    upstreamClusterAltStatName: progress.upstreamClusterAltStatName,
    upstreamTransportFailureReason: progress.transportFailure,
    upstreamRequestAttemptCount: progress.connectAttempts,
  };
}
