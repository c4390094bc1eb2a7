// One request and its answer while they are served: what filters read and change, and what the access log is made of in the end.
import type { DynamicMetadata, HttpConnectionManager } from '../config/engine-config.ts';
import type { ResponseFlag } from '../config/request-info.ts';
import type { HttpStatistics } from '../statistics/http-statistics.ts';
import type { DownstreamConnection, DownstreamStream } from './downstream-stream.ts';
import type { HeaderCase } from './header-case.ts';
import type { HeaderList } from './header-list.ts';

export interface LocalReply {
  readonly status: number;
  readonly body: string | Uint8Array;
  /** `route_not_found`, …: what the access log says. */
  readonly details: string;
  readonly flags?: readonly ResponseFlag[];
  /** For gRPC clients, in place of what `status` stands for; `none`: they get the same as others. */
  readonly grpcStatus?: number | 'none';
  /** Beside those that every such answer has. */
  readonly headers?: HeaderList;
  /** As `headers`, and none of their names is left of what the route says about answers. */
  readonly overrides?: HeaderList;
  /** Of a service that was asked for it. */
  readonly upstreamServiceTimeMs?: number | undefined;
  /** The connection is not to be used again (HTTP/1.1). */
  readonly close?: boolean;
}

export interface Exchange {
  readonly stream: DownstreamStream;
  readonly connection: DownstreamConnection;
  readonly manager: HttpConnectionManager;
  readonly statistics: HttpStatistics;
  /** performance.now() at the first byte of the request. */
  readonly startedAt: number;
  /** As it goes to the endpoint. Replaced, not shared. */
  headers: HeaderList;
  method: string;
  /** After normalisation, with the query. */
  path: string;
  authority: string;
  scheme: 'http' | 'https';
  readonly info: ExchangeInfo;
  /** Set once a route is found that changes the headers of answers. */
  changeResponse: ((headers: HeaderList) => HeaderList) | undefined;
  /** Set by filters that see an answer after the route has changed it, whoever gives it. */
  completeResponse: ((headers: HeaderList) => HeaderList) | undefined;
  /** How the client writes header names, where endpoints are to see them so. */
  readonly headerCase: HeaderCase | undefined;
  /** How the endpoint writes those of its answer, where the client is to see them so. */
  responseCase: HeaderCase | undefined;
  /** Set by the filter that takes the request over. */
  readonly events: ExchangeEvents;
  /** Answers in the gateway's own name. Ignored once an answer has begun. */
  sendLocalReply(reply: LocalReply): void;
  /** Starts the answer of an endpoint: the gateway's headers are put in place of hop-by-hop ones. */
  sendHeaders(status: number, headers: HeaderList, endStream: boolean): void;
  sendData(chunk: Buffer): boolean;
  sendEnd(trailers: HeaderList | undefined): void;
  /** Breaks the answer off. */
  reset(): void;
}

/** Filled in as the request goes along. */
export interface ExchangeInfo {
  routeName: string;
  /** `address:port` of the client behind trusted proxies; undefined: the peer. */
  clientAddress: string | undefined;
  upstreamCluster: string | undefined;
  upstreamClusterAltStatName: string | undefined;
  upstreamHost: string | undefined;
  upstreamLocalAddress: string | undefined;
  upstreamTransportFailureReason: string | undefined;
  attemptCount: number;
  /** What filters have written down; undefined: nothing. */
  metadata: DynamicMetadata | undefined;
  details: string | undefined;
  readonly flags: Set<ResponseFlag>;
  bytesReceived: number;
  bytesSent: number;
  responseCode: number;
  responseHeaders: HeaderList;
  responseTrailers: HeaderList;
  /** performance.now() when the last byte of the request had come. */
  requestEndAt: number | undefined;
  /** performance.now() when a filter let go of a request that it had held back. */
  heldUntil: number | undefined;
  /** performance.now() at the first and last byte of the endpoint's answer. */
  responseStartAt: number | undefined;
  responseEndAt: number | undefined;
}

export function createExchangeInfo(): ExchangeInfo {
  return {
    routeName: '',
    clientAddress: undefined,
    upstreamCluster: undefined,
    upstreamClusterAltStatName: undefined,
    upstreamHost: undefined,
    upstreamLocalAddress: undefined,
    upstreamTransportFailureReason: undefined,
    attemptCount: 0,
    metadata: undefined,
    details: undefined,
    flags: new Set(),
    bytesReceived: 0,
    bytesSent: 0,
    responseCode: 0,
    responseHeaders: [],
    responseTrailers: [],
    requestEndAt: undefined,
    heldUntil: undefined,
    responseStartAt: undefined,
    responseEndAt: undefined,
  };
}

/** What happens to the events of one stream; a filter that takes the request over sets them. */
export interface ExchangeEvents {
  onData(chunk: Buffer): void;
  onRequestEnd(trailers: HeaderList | undefined): void;
  onDrain(): void;
  /** The client went away before the answer was complete. */
  onAbort(): void;
}
