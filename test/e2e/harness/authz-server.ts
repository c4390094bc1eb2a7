// A server that AuthorizationPolicies with action CUSTOM are decided by: it does what the request's own x-authz header says.
import { once } from 'node:events';
import http from 'node:http';
import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, fromBinary, fromJson, type JsonObject, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import {
  type CheckRequest,
  CheckRequestSchema,
  CheckResponseSchema,
} from '../../../src/xds/generated/envoy/service/auth/v3/external_auth_pb.ts';

export interface AuthzServerDefinition {
  readonly kind: 'authz-http' | 'authz-grpc';
  readonly addr: string;
  readonly port: number;
  /** For connections, which have no headers: by the address of their client, as x-authz has it. */
  readonly orders?: Orders;
}

type Orders = Readonly<Record<string, string>>;

/** JSON in the request's x-authz header; without one everything is allowed. */
interface Order {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly delay?: number;
  readonly reset?: boolean;
  /** Written in the place of an answer. */
  readonly garbage?: string;
  /** Of gRPC: a CheckResponse. */
  readonly response?: JsonValue;
  readonly grpcStatus?: number;
  /** A message in the place of a CheckResponse. */
  readonly message?: string;
}

/** What it was asked. */
export interface Check {
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
  /** The CheckRequest of gRPC, as JSON. */
  readonly request?: JsonObject;
}

export interface AuthzServer {
  /** What it was asked since the last time. */
  drain(): readonly Check[];
  stop(): Promise<void>;
}

/** `{{y*N}}` is N times y. */
const orderOf = (text: string | undefined): Order =>
  text === undefined || text === ''
    ? {}
    : (JSON.parse(text.replace(/\{\{y\*(\d+)\}\}/g, (_, count) => 'y'.repeat(Number(count)))) as Order);

function pairs(raw: readonly string[]): (readonly [string, string])[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []));
}

function createHttpServer(checks: Check[]): Server {
  return http.createServer({ keepAliveTimeout: 0, maxHeaderSize: 1 << 20 }, async (request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url: path, rawHeaders } = request;
    checks.push({ method, path, headers: pairs(rawHeaders), body: Buffer.concat(chunks).toString('latin1') });
    const order = orderOf(String(request.headers['x-authz'] ?? ''));
    await sleep(order.delay ?? 0);
    if (order.reset === true) request.socket.destroy();
    else if (order.garbage !== undefined) request.socket.end(order.garbage);
    else {
      for (const [name, value] of Object.entries(order.headers ?? {})) response.setHeader(name, value);
      response.statusCode = order.status ?? 200;
      response.end(order.body);
    }
  });
}

const framed = (message: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

const clientOf = ({ attributes }: CheckRequest): string => {
  const address = attributes?.source?.address?.address;
  return address?.case === 'socketAddress' ? address.value.address : '';
};

async function answerCheck(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  checks: Check[],
  orders: Orders,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const check = fromBinary(CheckRequestSchema, Buffer.concat(chunks).subarray(5));
  const list = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  checks.push({
    method: headers[':method'],
    path: headers[':path'],
    headers: list,
    request: toJson(CheckRequestSchema, check) as JsonObject,
  });
  const order = orderOf(check.attributes?.request?.http?.headers['x-authz'] ?? orders[clientOf(check)]);
  await sleep(order.delay ?? 0);
  if (stream.destroyed) return;
  if (order.reset === true) {
    stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  const answer =
    order.message === undefined
      ? toBinary(
          CheckResponseSchema,
          order.response === undefined ? create(CheckResponseSchema) : fromJson(CheckResponseSchema, order.response),
        )
      : Buffer.from(order.message, 'latin1');
  stream.respond({ ':status': order.status ?? 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(order.grpcStatus ?? 0) }));
  stream.end(order.grpcStatus === undefined ? framed(answer) : undefined);
}

function createGrpcServer(checks: Check[], orders: Orders): Server {
  const server = http2.createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    answerCheck(stream, headers, checks, orders).catch(() => stream.destroy());
  });
  return server;
}

export async function startAuthzServer({ kind, addr, port, orders = {} }: AuthzServerDefinition): Promise<AuthzServer> {
  const checks: Check[] = [];
  const server = kind === 'authz-http' ? createHttpServer(checks) : createGrpcServer(checks, orders);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, addr);
  await once(server, 'listening');
  return {
    drain: () => checks.splice(0),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
