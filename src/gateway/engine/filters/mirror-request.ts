// Copies of a request for other clusters (Envoy's request_mirror_policies): sent as it goes, their answers dropped.
import type { MirrorPolicy } from '../config/engine-config.ts';
import type { HeaderList } from '../http/header-list.ts';
import { getHeader, setHeader } from '../http/header-list.ts';
import type { HttpServing } from '../http/http-serving.ts';
import { ownAddress } from '../http/request-headers.ts';
import type { UpstreamRequestHead, UpstreamReset, UpstreamStream } from '../upstream/upstream-stream.ts';
import type { Client } from '../upstream/upstream-transport.ts';
import { isChosen } from './inject-fault.ts';
import { resetReply } from './upstream-failure.ts';

/** One copy. It never holds the request itself up: what its endpoint does not take in time is lost. */
export interface RequestCopy {
  push(chunk: Buffer): void;
  end(trailers: HeaderList | undefined): void;
  /** The client left before its request was complete. */
  abandon(): void;
}

/** Where neither the route nor the endpoint ends a copy. */
const longestMs = 300_000;

/** `head` as the endpoint of the request gets it; `client` as the request's; `timeoutMs` 0 for no limit of the route. */
export function mirrorRequest(
  head: UpstreamRequestHead,
  client: Client,
  policies: readonly MirrorPolicy[],
  timeoutMs: number,
  serving: HttpServing,
): readonly RequestCopy[] {
  return policies
    .filter(({ share }) => isChosen(share, serving.random))
    .flatMap(({ cluster }) => sendCopy(shadowOf(head), client, cluster, timeoutMs || longestMs, serving) ?? []);
}

function shadowOf(head: UpstreamRequestHead): UpstreamRequestHead {
  const headers = [...head.headers];
  const forwardedFor = getHeader(headers, 'x-forwarded-for');
  const own = ownAddress();
  setHeader(headers, 'x-envoy-internal', 'true');
  setHeader(headers, 'x-forwarded-for', forwardedFor === undefined ? own : `${forwardedFor},${own}`);
  return { ...head, headers, authority: shadowAuthority(head.authority) };
}

/** So that whoever gets a copy can tell. */
export function shadowAuthority(authority: string): string {
  const parts = authority.split(':');
  return parts.length === 2 ? `${parts[0]}-shadow:${parts[1]}` : `${authority}-shadow`;
}

function sendCopy(
  head: UpstreamRequestHead,
  client: Client,
  clusterName: string,
  timeoutMs: number,
  { clusters, retryBufferBytes }: HttpServing,
): RequestCopy | undefined {
  const cluster = clusters.get(clusterName);
  const host = cluster?.balancer.pick();
  if (!cluster) return undefined;
  const { counters, internal } = cluster.statistics;
  if (!host) {
    counters.upstream_cx_none_healthy++;
    internal.count(503);
    return undefined;
  }
  /** What comes before there is a connection, or faster than it takes it. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  let flowing = true;
  let ended = head.endStream;
  let endSent = head.endStream;
  let requestTrailers: HeaderList | undefined;
  let upstream: UpstreamStream | undefined;
  let done = false;

  const finish = (): void => {
    done = true;
    held = [];
    clearTimeout(timer);
    host.release();
  };
  const abandon = (): void => {
    if (done) return;
    finish();
    acquired?.cancel();
    upstream?.cancel();
  };
  const timer = setTimeout(() => abandon(), timeoutMs);
  timer.unref();

  const endIfComplete = (): void => {
    if (!ended || endSent || !upstream) return;
    endSent = true;
    upstream.end(requestTrailers);
  };

  const flush = (): void => {
    if (!upstream) return;
    flowing = true;
    heldBytes = 0;
    const stream = upstream;
    for (const chunk of held.splice(0)) flowing = stream.write(chunk) && flowing;
    endIfComplete();
  };

  const fail = (reset: UpstreamReset): void => {
    internal.count(resetReply(reset, false).status);
    finish();
  };

  /** An answer that comes before the request is complete wants no more of it. */
  const endAnswer = (): void => {
    const unread = ended ? undefined : upstream;
    finish();
    unread?.cancel();
  };

  const acquired = cluster.poolOf(host, { ...client, authority: head.authority }).acquire((connection) => {
    if (done) return;
    upstream = connection.send(head, {
      onContinue: () => {},
      onHeaders: (status, _headers, endStream) => {
        internal.count(status);
        if (endStream) endAnswer();
      },
      onData: () => {},
      onEnd: endAnswer,
      onReset: fail,
      onDrain: flush,
    });
    flush();
  }, fail);
  return {
    push: (chunk) => {
      if (done) return;
      if (upstream && flowing) flowing = upstream.write(chunk);
      else {
        held.push(chunk);
        heldBytes += chunk.length;
        if (heldBytes > retryBufferBytes) abandon();
      }
    },
    end: (trailers) => {
      if (done || ended) return;
      ended = true;
      requestTrailers = trailers;
      if (flowing) endIfComplete();
    },
    abandon: () => {
      if (!ended) abandon();
    },
  };
}
