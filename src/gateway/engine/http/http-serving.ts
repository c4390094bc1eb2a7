// What the connection manager and the filters serve requests from, and what they know of the connection a request came by.
import type { AccessLogConfig, HttpConnectionManager, RouteTable } from '../config/engine-config.ts';
import type { RequestInfo } from '../config/request-info.ts';
import type { TokenBuckets } from '../filters/rate-limit/create-token-buckets.ts';
import type { ListenerHttpStatistics } from '../statistics/connection-statistics.ts';
import type { EngineStatistics } from '../statistics/engine-statistics.ts';
import type { HttpStatistics } from '../statistics/http-statistics.ts';
import type { ClusterSet } from '../upstream/create-cluster-set.ts';
import type { DownstreamConnection } from './downstream-stream.ts';

/** What requests are served from; the tables are asked for anew for each request, so that an update needs no restart. */
export interface HttpServing {
  routeTable(name: string): RouteTable | undefined;
  /** By key of the scope. */
  scopedTable(key: string): RouteTable | undefined;
  readonly clusters: ClusterSet;
  readonly random: () => number;
  log(configs: readonly AccessLogConfig[], info: RequestInfo): void;
  readonly statistics: EngineStatistics;
  /** Most bytes of a request's body that are kept for a retry. */
  readonly retryBufferBytes: number;
  /** Of rate limits. */
  readonly buckets: TokenBuckets;
}

export interface ConnectionState {
  readonly connection: DownstreamConnection;
  /** Asked for each request: a replaced filter chain's connections are served by the one that took its place. */
  readonly manager: () => HttpConnectionManager;
  /** Of the manager, and of the listener for requests of it. */
  readonly statistics: () => { readonly http: HttpStatistics; readonly listener: ListenerHttpStatistics };
  /** The connection is to close after the answers in flight: its listener is gone or the gateway stops. */
  readonly draining: () => boolean;
  /** Counts requests in flight: a connection that drains closes when there are none. */
  readonly requestStarted: () => void;
  readonly requestEnded: () => void;
}
