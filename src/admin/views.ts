// What the admin server shows, as narrow views: main fills them from the stages, so that admin knows none of them.
import type { Diagnostic, ResourceRef } from '../lib/diagnostic.ts';

export const dumpTypes = ['CDS', 'EDS', 'LDS', 'RDS', 'SDS'] as const;
export type DumpType = (typeof dumpTypes)[number];

export interface TypeSyncView {
  readonly status: 'SYNCED' | 'NOT SENT' | 'STALE' | 'ERROR';
  /** Milliseconds since the oldest unacknowledged response; 0 unless STALE or ERROR. */
  readonly staleForMs: number;
  /** The data plane's own text of its last rejection. */
  readonly error?: string;
  /** The user's objects behind the rejected resources. */
  readonly owners?: readonly ResourceRef[];
}

/** One connected proxy, as pilot knows it. */
export interface ProxySyncView {
  readonly id: string;
  /** NAME.NAMESPACE. */
  readonly name: string;
  readonly dataPlane: 'envoy' | 'embedded';
  readonly version: string;
  readonly protocol: 'SotW' | 'delta';
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  /** Where the gateway's own admin server answers, if it is another process. */
  readonly adminAddress?: string;
  readonly types: Readonly<Partial<Record<DumpType, TypeSyncView>>>;
}

export interface DumpedResourceView {
  readonly name: string;
  readonly version: string;
  /** Protobuf JSON; private keys are redacted by whoever made it. */
  readonly resource: unknown;
}

export type ConfigDumpView = Readonly<Record<DumpType, readonly DumpedResourceView[]>>;

/** A line of `tidegate ports`. */
export interface PortView {
  readonly listener: string;
  /** Null, as all of the way from the Gateway, in a gateway process: only pilot knows it. */
  readonly gatewayPort: number | null;
  readonly protocol: string | null;
  readonly service: ResourceRef | null;
  readonly servicePort: number | null;
  readonly targetPort: number | null;
  readonly nodePort: number | null;
  readonly address: string;
  readonly port: number;
  readonly from: 'port-map' | 'node-port' | 'target-port' | null;
  readonly gateways: readonly ResourceRef[];
  /** `not served`: no route leads anywhere, so there is no listener. `unknown`: the data plane was not asked. */
  readonly state: 'listening' | 'warming' | 'failed' | 'not served' | 'unknown';
  /** Who listens: `envoy` or `embedded`. */
  readonly dataPlane: string | null;
  readonly error: string | null;
}

export interface LogFeedView {
  /** Newest last. */
  recent(): readonly string[];
  subscribe(listener: (line: string) => void): () => void;
}

/** What the data plane has counted, or what is wrong with the question. */
export type StatisticsView =
  | { readonly kind: 'answer'; readonly contentType: string; readonly body: string }
  | { readonly kind: 'invalid'; readonly error: string; readonly hint: string };

/** Whatever a process is (pilot, gateway, or both), it offers the views it has. */
export interface AdminViews {
  readonly version: string;
  readonly role: 'up' | 'pilot' | 'gateway';
  readonly startedAt: number;
  isReady(): boolean;
  diagnostics(): readonly Diagnostic[];
  /** Pilot only. */
  readonly proxies?: () => readonly ProxySyncView[];
  /** Pilot only: what it wants the proxy (id or name) to have. Undefined: no such proxy. */
  readonly intended?: (proxy: string) => ConfigDumpView | undefined;
  /** Pilot only. False: no such proxy. */
  readonly resync?: (proxy: string) => boolean;
  /** Gateway only: what its data plane really has. Undefined: not the proxy of this process. */
  readonly actual?: (proxy: string | undefined) => Promise<ConfigDumpView | undefined>;
  readonly ports?: () => Promise<readonly PortView[]>;
  readonly accessLog?: LogFeedView;
  /** Numbers of the process itself, by name. */
  readonly stats: () => Readonly<Record<string, number>>;
  /** Gateway only. `prometheus`: in its format, whatever the parameters say. */
  readonly statistics?: (parameters: URLSearchParams, format?: 'prometheus') => Promise<StatisticsView>;
}
