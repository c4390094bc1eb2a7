// Applications behind the gateway: each answers with its own name, so that a test sees who was asked.
import http, { type Server } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { Address } from './manifests.ts';

export interface Backend extends Address {
  readonly name: string;
  requests(): number;
  stop(): Promise<void>;
}

async function listen(server: NetServer | Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Answers `NAME METHOD PATH`; `/delay/MS` takes its time. Keeps connections open as long as the gateway does. */
export async function startHttpBackend(name: string): Promise<Backend> {
  let requests = 0;
  // No idle timeout of its own: a backend that hangs up first would look like a gateway that loses requests.
  const server = http.createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    requests += 1;
    request.resume();
    const delayMs = Number(/^\/delay\/(\d{1,5})$/.exec(request.url ?? '')?.[1] ?? 0);
    const answer = (): void => {
      response.setHeader('content-type', 'text/plain');
      response.end(`${name} ${request.method} ${request.url}`);
    };
    request.once('end', () => (delayMs > 0 ? setTimeout(answer, delayMs) : answer()));
  });
  const port = await listen(server);
  return {
    name,
    address: '127.0.0.1',
    port,
    requests: () => requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
