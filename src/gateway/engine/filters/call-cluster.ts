// A request of the gateway's own to a service: sent whole, its answer taken whole, within a time and a size.
import type { HeaderList } from '../http/header-list.ts';
import type { Cluster } from '../upstream/create-cluster-set.ts';
import type {
  PendingConnection,
  ReadyConnection,
  UpstreamRequestHead,
  UpstreamReset,
  UpstreamStream,
} from '../upstream/upstream-stream.ts';
import type { Client } from '../upstream/upstream-transport.ts';
import { resetResult, responseResult } from './host-results.ts';

export interface UnaryRequest {
  readonly head: Omit<UpstreamRequestHead, 'endStream'>;
  readonly body: Buffer;
  /** 0 for no limit. */
  readonly timeoutMs: number;
  readonly isGrpc: boolean;
}

export interface UnaryAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Buffer;
  readonly trailers: HeaderList;
}

/** Envoy's own: what is longer is no answer. */
const maxAnswerBytes = 32 * 1024 * 1024;

/**
 * Calls back once, possibly before it returns; with undefined where there is no (whole) answer. The function that is
 * returned gives up: nothing is called back any more.
 */
export function callCluster(
  cluster: Cluster | undefined,
  { head, body, timeoutMs, isGrpc }: UnaryRequest,
  client: Client,
  onAnswer: (answer: UnaryAnswer | undefined) => void,
): () => void {
  const host = cluster?.balancer.pick();
  if (!cluster || !host) {
    if (cluster) {
      cluster.statistics.counters.upstream_cx_none_healthy++;
      cluster.statistics.internal.count(503);
    }
    onAnswer(undefined);
    return () => {};
  }
  let pending: PendingConnection | undefined;
  let upstream: UpstreamStream | undefined;
  let done = false;
  let hasRetried = false;
  let status = 0;
  let headers: HeaderList = [];
  const chunks: Buffer[] = [];
  let bytes = 0;

  /** `upstream` has nothing more to say, unless it is cut off. */
  const finish = (): void => {
    done = true;
    clearTimeout(timer);
    pending?.cancel();
    host.release();
  };
  const cutOff = (): void => {
    const current = upstream;
    finish();
    current?.cancel();
  };
  const answer = (trailers: HeaderList): void => {
    finish();
    onAnswer({ status, headers, body: Buffer.concat(chunks), trailers });
  };
  const fail = (reset: UpstreamReset): void => {
    if (done) return;
    // The connection was closing already: nothing was read of the request.
    if (reset.staleConnection && !hasRetried) {
      hasRetried = true;
      acquire();
      return;
    }
    const result = resetResult(reset);
    if (result) cluster.report(host, result);
    cluster.statistics.internal.count(503);
    finish();
    onAnswer(undefined);
  };
  const timer =
    timeoutMs > 0
      ? setTimeout(() => {
          cluster.statistics.counters.upstream_rq_timeout++;
          cluster.statistics.internal.count(504);
          cluster.report(host, { kind: 'timeout' });
          cutOff();
          onAnswer(undefined);
        }, timeoutMs)
      : undefined;

  const send = (connection: ReadyConnection): void => {
    pending = undefined;
    cluster.report(host, { kind: 'connected' });
    const stream = connection.send(
      { ...head, endStream: body.length === 0 },
      {
        onContinue: () => {},
        onHeaders: (answered, received, endStream) => {
          cluster.report(host, responseResult(answered, received, endStream, isGrpc));
          cluster.statistics.internal.count(answered);
          status = answered;
          headers = received;
          if (endStream) answer([]);
        },
        onData: (chunk) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes <= maxAnswerBytes) return;
          cutOff();
          onAnswer(undefined);
        },
        onEnd: (trailers) => answer(trailers ?? []),
        onReset: fail,
        onDrain: () => {},
      },
    );
    upstream = stream;
    if (body.length === 0 || done) return;
    // Bounded by what was taken of the request it is about: the connection may buffer it.
    stream.write(body);
    stream.end(undefined);
  };
  const acquire = (): void => {
    const acquired = cluster.poolOf(host, client).acquire(send, fail, { fresh: hasRetried });
    if (upstream === undefined && !done) pending = acquired;
  };
  acquire();
  return () => {
    if (!done) cutOff();
  };
}
