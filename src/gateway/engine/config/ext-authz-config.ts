// Who is asked whether a request or a connection may pass, and what becomes of the answer: made once from Envoy's ext_authz.
import type { DynamicMetadata } from './dynamic-metadata.ts';
import type { HeaderMutations } from './header-mutations.ts';

export interface ExtAuthz {
  readonly kind: 'ext_authz';
  readonly service: ExtAuthzHttp | ExtAuthzGrpc;
  /** Milliseconds for an answer; 0 for no limit. */
  readonly timeoutMs: number;
  /** Whether it is asked at all, from what filters before it have written down. */
  readonly isAsked: (metadata: DynamicMetadata | undefined) => boolean;
  /** Who cannot be asked about is let in, and with the second the endpoint is told. */
  readonly failureModeAllow: boolean;
  readonly failureModeAllowHeaderAdd: boolean;
  /** Of the answer where nobody can be asked. */
  readonly statusOnError: number;
  readonly clearRouteCache: boolean;
  /** What of the body is sent along; undefined: nothing. */
  readonly body: ExtAuthzBody | undefined;
  /** Whether a header (in lower case, pseudo headers with their colon) is sent along. */
  readonly sends: (header: string) => boolean;
}

export interface ExtAuthzBody {
  readonly maxBytes: number;
  /** More than that is sent in part; else it is refused. */
  readonly allowPartial: boolean;
  readonly packAsBytes: boolean;
}

export interface ExtAuthzGrpc {
  readonly kind: 'grpc';
  readonly cluster: string;
  /** Undefined: the cluster's name. */
  readonly authority: string | undefined;
}

export interface ExtAuthzHttp {
  readonly kind: 'http';
  readonly cluster: string;
  readonly pathPrefix: string;
  /** Put on what is asked. */
  readonly headersToAdd: HeaderMutations | undefined;
  /** Headers of the answer: which of them go to the endpoint, in the place of its own or beside them, … */
  readonly toUpstream: (header: string) => boolean;
  readonly toUpstreamAppended: (header: string) => boolean;
  /** … to a client that is let in, and to one that is not. */
  readonly toClientOnSuccess: (header: string) => boolean;
  readonly toClientOnDenial: (header: string) => boolean;
}
