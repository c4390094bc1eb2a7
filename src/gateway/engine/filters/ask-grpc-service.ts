// ext_authz over gRPC: the request is put to envoy.service.auth.v3.Authorization, with all that is known of it.
import { randomBytes } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import type { HeaderValueOption } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { HeaderValueOption_HeaderAppendAction as Action } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import {
  type CheckRequest,
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from '../../../xds/generated/envoy/service/auth/v3/external_auth_pb.ts';
import type { ExtAuthz, ExtAuthzGrpc, MetadataFields } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import { getHeader, type HeaderList, toWireText } from '../http/header-list.ts';
import { ownAddress } from '../http/request-headers.ts';
import type { ClusterSet } from '../upstream/create-cluster-set.ts';
import type { Client } from '../upstream/upstream-transport.ts';
import { type Authorization, type CheckedBody, type HeaderChange, noAuthorization } from './authorization.ts';
import { callCluster, type UnaryAnswer } from './call-cluster.ts';
import { checkPeers } from './check-peers.ts';
import { checkClient, checkedHeaders, sanitizeUtf8 } from './checked-headers.ts';
import { grpcTimeout } from './request-timeout.ts';
import { isSendable } from './sendable-header.ts';

/** Returns what gives up asking. */
export function askGrpcService(
  exchange: Exchange,
  config: ExtAuthz,
  body: CheckedBody | undefined,
  clusters: ClusterSet,
  onAnswer: (answer: Authorization) => void,
): () => void {
  const { service, timeoutMs } = config;
  if (service.kind !== 'grpc') return () => {};
  const authority = service.authority ?? service.cluster;
  return callAuthorization(
    { service, timeoutMs, client: checkClient(exchange, authority) },
    buildCheckRequest(exchange, config, body),
    clusters,
    (response) => onAnswer(response === undefined ? noAuthorization : readResponse(response)),
  );
}

export interface AuthorizationCall {
  readonly service: ExtAuthzGrpc;
  readonly timeoutMs: number;
  readonly client: Client;
}

/** Undefined: there is no answer that can be read. */
export function callAuthorization(
  { service, timeoutMs, client }: AuthorizationCall,
  request: CheckRequest,
  clusters: ClusterSet,
  onAnswer: (response: CheckResponse | undefined) => void,
): () => void {
  const timed: HeaderList =
    timeoutMs > 0 ? ['grpc-timeout', grpcTimeout(timeoutMs), 'x-envoy-expected-rq-timeout-ms', String(timeoutMs)] : [];
  return callCluster(
    clusters.get(service.cluster),
    {
      head: {
        method: 'POST',
        path: '/envoy.service.auth.v3.Authorization/Check',
        authority: client.authority,
        scheme: 'http',
        headers: [
          ...['te', 'trailers', 'content-type', 'application/grpc', 'x-envoy-internal', 'true'],
          ...['x-forwarded-for', ownAddress(), ...timed],
        ],
      },
      body: frameOf(toBinary(CheckRequestSchema, request)),
      timeoutMs,
      isGrpc: true,
    },
    client,
    (answer) => onAnswer(answer && messageOf(answer)),
  );
}

function frameOf(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The last message counts, as in Envoy; compressed ones are none, since none was asked for. */
function messageOf({ status, headers, body, trailers }: UnaryAnswer): CheckResponse | undefined {
  const grpcStatus = getHeader(trailers, 'grpc-status') ?? getHeader(headers, 'grpc-status');
  if (status !== 200 || grpcStatus !== '0') return undefined;
  let message: CheckResponse | undefined;
  for (let at = 0; at < body.length; ) {
    if (at + 5 > body.length || body[at] !== 0) return undefined;
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (end > body.length) return undefined;
    try {
      message = fromBinary(CheckResponseSchema, body.subarray(at + 5, end));
    } catch {
      return undefined;
    }
    at = end;
  }
  return message;
}

function buildCheckRequest(exchange: Exchange, config: ExtAuthz, body: CheckedBody | undefined): CheckRequest {
  const { connection, info, startedAt, stream } = exchange;
  const text = (value: string): string => sanitizeUtf8(Buffer.from(value, 'latin1')).toString('utf8');
  const headers = [...checkedHeaders(exchange, config, body)].map(([name, value]) => [name, text(value)]);
  return create(CheckRequestSchema, {
    attributes: {
      ...checkPeers(connection),
      request: {
        time: timestamp(performance.timeOrigin + startedAt),
        http: {
          id: randomBytes(8).readBigUInt64BE().toString(),
          method: text(exchange.method),
          path: text(exchange.path),
          host: text(exchange.authority),
          scheme: exchange.scheme,
          size: BigInt(info.bytesReceived),
          protocol: stream.protocol,
          headers: Object.fromEntries(headers),
          ...(body !== undefined &&
            (config.body?.packAsBytes === true
              ? { rawBody: body.bytes }
              : { body: sanitizeUtf8(body.bytes).toString('utf8') })),
        },
      },
      metadataContext: {},
      routeMetadataContext: {},
    },
  });
}

const timestamp = (milliseconds: number): Timestamp =>
  create(TimestampSchema, {
    seconds: BigInt(Math.floor(milliseconds / 1000)),
    nanos: Math.floor((milliseconds % 1000) * 1000) * 1000,
  });

const ok = 0;
const forbidden = 403;

function readResponse(response: CheckResponse): Authorization {
  const { status, httpResponse } = response;
  const metadata = metadataOf(response);
  if ((status?.code ?? ok) === ok) {
    const answer = httpResponse.case === 'okResponse' ? httpResponse.value : undefined;
    const setQuery = (answer?.queryParametersToSet ?? []).map(({ key, value }) => [key, value] as const);
    const requestHeaders = (answer?.headers ?? []).map(requestChange);
    const removeHeaders = (answer?.headersToRemove ?? []).map((name) => name.toLowerCase());
    const removeQuery = answer?.queryParametersToRemove ?? [];
    return {
      kind: 'allowed',
      requestHeaders: inEnvoysOrder(requestHeaders),
      removeHeaders,
      responseHeaders: inEnvoysOrder((answer?.responseHeadersToAdd ?? []).map(responseChange)),
      setQuery,
      removeQuery,
      metadata,
      changesRequest: requestHeaders.length + removeHeaders.length + setQuery.length + removeQuery.length > 0,
    };
  }
  const denied = httpResponse.case === 'deniedResponse' ? httpResponse.value : undefined;
  const headers = (denied?.headers ?? [])
    // Appending is for what is there already, and nothing is.
    .filter(({ append }) => append !== true)
    .map(({ header }) => ({ name: (header?.key ?? '').toLowerCase(), value: toWireText(header?.value ?? '') }))
    .filter(isSendable);
  return {
    kind: 'denied',
    status: denied?.status?.code || forbidden,
    headers: headers.flatMap(({ name, value }) => [name, value]),
    body: Buffer.from(denied?.body ?? ''),
    metadata,
  };
}

/** Envoy looks at `append` alone in what is said of requests. */
const requestChange = ({ header, append }: HeaderValueOption): HeaderChange => ({
  name: (header?.key ?? '').toLowerCase(),
  value: toWireText(header?.value ?? ''),
  action: append === true ? 'append if present' : 'set',
});

const responseActions: Readonly<Record<Action, HeaderChange['action']>> = {
  [Action.APPEND_IF_EXISTS_OR_ADD]: 'add',
  [Action.ADD_IF_ABSENT]: 'add if absent',
  [Action.OVERWRITE_IF_EXISTS]: 'set if present',
  [Action.OVERWRITE_IF_EXISTS_OR_ADD]: 'set',
};

const responseChange = ({ header, append, appendAction }: HeaderValueOption): HeaderChange => ({
  name: (header?.key ?? '').toLowerCase(),
  value: toWireText(header?.value ?? ''),
  action: append === undefined ? (responseActions[appendAction] ?? 'add') : append ? 'add' : 'set',
});

const order: readonly HeaderChange['action'][] = ['add', 'set', 'append if present', 'add if absent', 'set if present'];

/** By what is done, then as they are given. */
const inEnvoysOrder = (changes: readonly HeaderChange[]): readonly HeaderChange[] =>
  order.flatMap((action) => changes.filter((change) => change.action === action));

function metadataOf({ dynamicMetadata, httpResponse }: CheckResponse): MetadataFields | undefined {
  const older = httpResponse.case === 'okResponse' ? httpResponse.value.dynamicMetadata : undefined;
  const fields = (older ?? dynamicMetadata) as MetadataFields | undefined;
  return fields !== undefined && Object.keys(fields).length > 0 ? fields : undefined;
}
