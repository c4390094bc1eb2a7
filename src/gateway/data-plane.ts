// What a gateway needs of a data plane: real Envoy and the embedded engine are both one of these.
import type { Diagnostic } from '../lib/diagnostic.ts';
import type { StatisticsQuery } from './statistics/parse-statistics-query.ts';

export interface BoundListener {
  /** `0.0.0.0_80`. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** `listening`, or why not: the operating system's or the data plane's text. */
  readonly state: 'listening' | 'warming' | 'failed';
  readonly error: string | undefined;
}

/** Bounded memory of the newest access log lines, and a feed of those to come. */
export interface AccessLogFeed {
  /** Newest last. */
  recent(): readonly string[];
  /** Returns the function that ends the subscription. */
  subscribe(listener: (line: string) => void): () => void;
}

/** One type's resources as the data plane holds them, in protobuf JSON, sorted by name. Private keys are `[redacted]`. */
export interface DumpedResource {
  readonly name: string;
  readonly version: string;
  readonly resource: unknown;
}
export type ConfigDump = Readonly<Record<'CDS' | 'EDS' | 'LDS' | 'RDS' | 'SDS', readonly DumpedResource[]>>;

export interface StatisticsAnswer {
  readonly contentType: string;
  readonly body: string;
}

export interface DataPlane {
  /** Starts and connects to pilot. Resolves when running; readiness is separate. Throws TidegateError if it cannot run at all. */
  start(): Promise<void>;
  /** Resolves when the first whole configuration serves. Rejects only if the data plane is stopped before. */
  ready(): Promise<void>;
  isReady(): boolean;
  /** Stops accepting, lets requests in flight end (bounded by the time given), then stops. */
  drain(timeoutMs: number): Promise<void>;
  listeners(): Promise<readonly BoundListener[]>;
  configDump(): Promise<ConfigDump>;
  /** What was counted, under Envoy's names and in its formats. */
  statistics(query: StatisticsQuery): Promise<StatisticsAnswer>;
  /** Problems of this machine: ports, certificate files, a data plane that died. */
  diagnostics(): readonly Diagnostic[];
  readonly accessLog: AccessLogFeed;
}
