// A real gRPC service (grpc-js), with a call of each kind, and its client.
import {
  type Client,
  credentials,
  Metadata,
  type MethodDefinition,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { Address } from './manifests.ts';

/** Messages are texts. */
const method = (name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<string, string> => ({
  path: `/tidegate.test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: (text) => Buffer.from(text),
  requestDeserialize: (bytes) => bytes.toString(),
  responseSerialize: (text) => Buffer.from(text),
  responseDeserialize: (bytes) => bytes.toString(),
});
const definition = {
  /** Says it again; `fail` fails with details, `wait` never answers. */
  Say: method('Say', false, false),
  /** Counts up to the number. */
  Count: method('Count', false, true),
  /** Joins all that comes. */
  Join: method('Join', true, false),
  /** Says each again at once. */
  Chat: method('Chat', true, true),
};

export interface GrpcService extends Address {
  /** Calls of `wait` that have come. */
  waiting(): number;
  /** Those of them that were cancelled. */
  cancelled(): number;
  stop(): Promise<void>;
}

export async function startGrpcService(): Promise<GrpcService> {
  let waiting = 0;
  let cancelled = 0;
  const server = new Server();
  server.addService(definition, {
    Say: (call: ServerUnaryCall<string, string>, done: sendUnaryData<string>) => {
      const trailers = new Metadata();
      trailers.set('x-trailer', 'end');
      // Before any header of the answer: a gateway that keeps the time can only reset a stream that has begun.
      if (call.request === 'wait') {
        waiting += 1;
        call.on('cancelled', () => {
          cancelled += 1;
        });
        return;
      }
      if (call.request === 'fail') {
        trailers.set('x-why-bin', Buffer.from([1, 2, 255]));
        done({ code: status.FAILED_PRECONDITION, details: 'not today: 100 % ü', metadata: trailers });
        return;
      }
      done(null, call.request, trailers);
    },
    Count: (call: ServerWritableStream<string, string>) => {
      for (let i = 1; i <= Number(call.request); i++) call.write(String(i));
      call.end();
    },
    Join: (call: ServerReadableStream<string, string>, done: sendUnaryData<string>) => {
      const all: string[] = [];
      call.on('data', (text: string) => all.push(text)).on('end', () => done(null, all.join(' ')));
    },
    Chat: (call: ServerDuplexStream<string, string>) => {
      call.on('data', (text: string) => call.write(text)).on('end', () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    address: '127.0.0.1',
    port,
    waiting: () => waiting,
    cancelled: () => cancelled,
    stop: async () => server.forceShutdown(),
  };
}

const EchoClient = makeGenericClientConstructor(definition, 'Echo');
export type EchoClient = Client & Readonly<Record<'Say' | 'Count' | 'Join' | 'Chat', (...args: never[]) => unknown>>;

/** `ca`: PEM, over TLS; without it as it is. `authority`: the host that it asks for. */
export function createEchoClient(port: number, authority: string, ca?: string): InstanceType<typeof EchoClient> {
  return new EchoClient(
    `127.0.0.1:${port}`,
    ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca)),
    { 'grpc.default_authority': authority, 'grpc.ssl_target_name_override': authority },
  );
}
