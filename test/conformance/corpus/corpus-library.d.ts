// Types of the vendored corpus library (test/corpus/lib), which stays as it was given: plain .mjs.
declare module '*/corpus/lib/backends.mjs' {
  export interface BackendDefinition {
    readonly addr: string;
    readonly port: number;
    readonly kind?: string;
  }
  export class Backends {
    start(list: readonly BackendDefinition[], rewrite?: (address: string) => string): Promise<void>;
    stop(): Promise<void>;
    drain(): unknown[];
  }
}

declare module '*/corpus/lib/core.mjs' {
  import type { BackendDefinition, Backends } from '*/corpus/lib/backends.mjs';

  /** An entry of requests.json; the library reads many more fields than the runner does. */
  export interface CorpusRequest {
    readonly name: string;
    readonly port: number;
    readonly protocol: string;
    /** Address that the client sends from. */
    readonly source?: string;
  }
  export interface CorpusSetup {
    readonly title: string;
    readonly backends?: readonly BackendDefinition[];
    readonly files?: Readonly<Record<string, string>>;
    readonly accessLog?: boolean;
    readonly hazard?: boolean;
  }
  export interface CorpusResponse {
    /** Common name of the certificate that was shown. */
    readonly cn?: string;
    readonly headers?: readonly (readonly [string, string])[];
    readonly status?: number;
    readonly tls?: string;
    readonly connect?: string;
    readonly body?: unknown;
    readonly noResponse?: string;
    /** All that came over a TCP connection. */
    readonly received?: string;
  }
  export interface CorpusResult {
    readonly name: string;
    readonly response?: CorpusResponse;
    readonly clientError?: string;
    /** Lines, volatile parts masked; JSON lines as objects. */
    readonly accessLog?: readonly (string | Readonly<Record<string, unknown>>)[];
  }
  export interface CorpusCase {
    readonly dir: string;
    readonly name: string;
    readonly manifestsText: string;
    readonly requests: readonly CorpusRequest[];
    readonly setup: CorpusSetup;
    readonly recorded: { readonly results: readonly CorpusResult[] } | null;
  }
  export interface RequestContext {
    readonly source: string | null;
    readonly target: (gatewayPort: number) => { readonly host: string; readonly port: number };
    readonly rewrite: (text: string) => string;
    readonly unrewrite: (text: string) => string;
    readonly backends: Backends;
    readonly accessLog: string | undefined;
    readonly wantAccessLog: boolean;
  }
  export function loadCase(dir: string): CorpusCase;
  export function runRequest(request: CorpusRequest, context: RequestContext): Promise<CorpusResult>;
  /** What differs, one line each; empty when nothing does. */
  export function compare(
    got: CorpusResult,
    want: CorpusResult | undefined,
    request: CorpusRequest,
    options: { readonly ignore: ReadonlySet<string>; readonly level: 'status' | 'routing' | 'full' },
  ): string[];
}
