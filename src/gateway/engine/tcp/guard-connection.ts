// RBAC and ext_authz in front of a TCP connection: its client is judged with the first thing it says.
import { create } from '@bufbuild/protobuf';
import { CheckRequestSchema } from '../../../xds/generated/envoy/service/auth/v3/external_auth_pb.ts';
import type { DynamicMetadata, ExtAuthz, TcpGuard } from '../config/engine-config.ts';
import type { ResponseFlag } from '../config/request-info.ts';
import { callAuthorization } from '../filters/ask-grpc-service.ts';
import { connectionAccess, judge } from '../filters/check-access.ts';
import { checkPeers } from '../filters/check-peers.ts';
import type { DownstreamConnection } from '../http/downstream-stream.ts';
import type { HttpServing } from '../http/http-serving.ts';

/** Calls `next` once what the client says may go on, or never. */
export type PassClient = (next: () => void) => void;

export interface Refusal {
  readonly flags: readonly ResponseFlag[];
  readonly details?: string;
  readonly terminationDetails?: string;
}

export interface ConnectionGuard {
  /** What filters have written down so far. */
  readonly metadata: () => DynamicMetadata | undefined;
  readonly pass: PassClient;
  /** The connection is over: nobody is asked any more. */
  readonly abandon: () => void;
}

/** `refuse` is called at most once. */
export function guardConnection(
  connection: DownstreamConnection,
  guards: readonly TcpGuard[],
  { clusters, statistics }: Pick<HttpServing, 'clusters' | 'statistics'>,
  refuse: (refusal: Refusal) => void,
): ConnectionGuard {
  let state: 'unjudged' | 'asking' | 'passed' | 'over' = guards.length === 0 ? 'passed' : 'unjudged';
  let metadata: DynamicMetadata | undefined;
  let giveUp = (): void => {};
  /** What waits for the answer: a piece of what the client says, and its end. */
  const waiting: (() => void)[] = [];

  const end = (refusal: Refusal): void => {
    state = 'over';
    refuse(refusal);
  };
  const passAll = (): void => {
    state = 'passed';
    for (const next of waiting.splice(0)) next();
  };
  const judgeFrom = (start: number): void => {
    for (const [index, guard] of guards.entries()) {
      if (index < start) continue;
      if (guard.kind === 'rbac') {
        const verdict = judge(guard, connectionAccess(connection), metadata, statistics.filters.tcpRbac);
        metadata = verdict.metadata;
        if (verdict.denial === undefined) continue;
        end({ flags: [], terminationDetails: verdict.denial });
        return;
      }
      if (!guard.isAsked(metadata)) continue;
      ask(guard, () => judgeFrom(index + 1));
      return;
    }
    passAll();
  };
  const ask = ({ service, timeoutMs, failureModeAllow }: ExtAuthz, next: () => void): void => {
    if (service.kind !== 'grpc') return;
    const { remoteAddress, localAddress, requestedServerName = '' } = connection;
    const client = {
      protocol: 'HTTP/1.1' as const,
      authority: service.authority ?? service.cluster,
      addresses: { source: remoteAddress, destination: localAddress },
    };
    const request = create(CheckRequestSchema, {
      attributes: { ...checkPeers(connection, requestedServerName), metadataContext: {} },
    });
    giveUp = callAuthorization({ service, timeoutMs, client }, request, clusters, (response) => {
      if (state === 'over') return;
      const isError = response === undefined;
      if (isError ? failureModeAllow : (response.status?.code ?? 0) === 0) next();
      else end({ flags: ['UAEX'], details: isError ? 'ext_authz_error' : 'ext_authz_denied' });
    });
  };

  return {
    metadata: () => metadata,
    pass: (next) => {
      if (state === 'passed') {
        next();
        return;
      }
      waiting.push(next);
      if (state !== 'unjudged') return;
      state = 'asking';
      judgeFrom(0);
    },
    abandon: () => {
      state = 'over';
      waiting.length = 0;
      giveUp();
    },
  };
}
