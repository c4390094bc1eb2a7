// What the commands that run something are told, and what they tell while they run.
import type { DumpType, PortView } from '../admin/views.ts';
import type { Diagnostic } from '../lib/diagnostic.ts';
import type { IstioBehavior } from '../lib/istio-behaviors.ts';
import type { RouteMode } from '../lib/route-mode.ts';

export type {
  ConfigDumpView,
  DumpedResourceView,
  DumpType,
  PortView,
  ProxySyncView,
  TypeSyncView,
} from '../admin/views.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** A path that manifests name, and the folder of this machine that stands for it. */
export interface Mount {
  readonly path: string;
  readonly directory: string;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface CommonOptions {
  /** Undefined: no admin server. Port 0: a free one. */
  readonly admin: HostPort | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: 'text' | 'json';
}

/** Where a Service (or one port of it) is served on this machine. */
export interface Backend {
  readonly service: string;
  readonly namespace: string;
  /** Service port; undefined for all of them. */
  readonly port: number | undefined;
  /** IP address. */
  readonly host: string;
  readonly hostPort: number;
}

export interface SourceOptions {
  /** Files and folders of manifests. */
  readonly paths: readonly string[];
  /** Endpoints that take the place of those in the manifests. */
  readonly backends: readonly Backend[];
  /** Where Istio's way is wanted instead of Tidegate's. */
  readonly likeIstio: readonly IstioBehavior[];
  /** Milliseconds between two fetches of the keys that RequestAuthentications name. */
  readonly jwksRefreshMs: number;
  readonly routeMode: RouteMode;
}

export interface ProxyOptions {
  readonly engine: 'embedded' | 'envoy';
  /** Pod name in the node id; with the namespace it names the proxy everywhere. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Beside what every gateway tells of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Address the listeners bind. */
  readonly bind: string;
  /** Gateway port to bound port. */
  readonly portMap: Readonly<Record<number, number>>;
  /** `region/zone/subzone`. */
  readonly locality?: string | undefined;
  /** Of the Kubernetes Node whose labels tell the locality. */
  readonly nodeName?: string | undefined;
  readonly mounts: readonly Mount[];
  /** Where statistics are scraped; undefined: nowhere. */
  readonly metrics: HostPort | undefined;
  /** Asked for the names of endpoints, in place of the machine's own; `host` is an IP address. */
  readonly dnsServers: readonly HostPort[];
  /** Of clients at a time, over all ports; undefined: any number. */
  readonly maxConnections?: number | undefined;
  /** Undefined: the data plane's own default. */
  readonly workers: number | undefined;
  readonly xdsProtocol: 'delta' | 'sotw';
  /** Milliseconds that requests in flight get at the end. */
  readonly drainTimeoutMs: number;
}

export interface PilotOptions extends CommonOptions, SourceOptions {
  /** Where proxies connect: `127.0.0.1:15010` or `unix:/path`. */
  readonly xds: string;
}

export interface GatewayOptions extends CommonOptions, ProxyOptions {
  /** Pilot's address, as PilotOptions.xds. */
  readonly pilot: string;
}

export interface UpOptions extends CommonOptions, SourceOptions, ProxyOptions {}

export interface ReadyReport {
  /** Address of the admin server. */
  readonly admin: string | undefined;
  /** Where pilot listens, if other processes may connect. */
  readonly xds: string | undefined;
  readonly ports: readonly PortView[];
}

/** What people see of a running process. None may throw. */
export interface RunEvents {
  /** Once: the first whole configuration serves (`up`, `gateway`), or pilot accepts proxies. */
  ready(report: ReadyReport): void;
  /** A problem appeared, or is solved. Each once, until it comes back. */
  diagnostic(diagnostic: Diagnostic, state: 'appeared' | 'resolved'): void;
  /** More problems appeared at once than anybody reads; they are all at /debug/diagnostics. */
  moreDiagnostics(count: number): void;
  /** One line for `/dev/stdout`, without its line end. */
  accessLog(line: string): void;
  /** A line of the log, with its line end. */
  log(text: string): void;
  /** Takes the progress of the Envoy download. */
  readonly progress: { readonly isTTY?: boolean; write(text: string): unknown };
  /** Whether log lines are read by a person at a terminal. */
  readonly isColored: boolean;
}

/** `stop` drains, `force` stops at once. */
export interface RunSignals {
  readonly stop: AbortSignal;
  readonly force: AbortSignal;
}

export const typeNames: Readonly<Record<DumpType, string>> = {
  CDS: 'Clusters',
  EDS: 'Endpoints',
  LDS: 'Listeners',
  RDS: 'Routes',
  SDS: 'Secrets',
};
