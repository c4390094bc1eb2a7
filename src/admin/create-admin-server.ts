// The admin HTTP server: debug views, health and logs of one process, for the CLI and for people with curl.
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../lib/logger.ts';
import { TidegateError } from '../lib/tidegate-error.ts';
import { type Endpoint, endpoints } from './handle-request.ts';
import { isAllowedHost } from './is-allowed-host.ts';
import { respondError } from './respond.ts';
import type { AdminViews } from './views.ts';

export interface AdminServer {
  /** Port 0 takes a free one. Returns `host:port` as bound. Throws TidegateError `address-in-use`. */
  listen(host: string, port: number): Promise<string>;
  close(): Promise<void>;
}

/** Changes need this header: a page of another origin cannot set it without a CORS preflight, which is never granted. */
const changeHeader = 'x-tidegate';

const maxBodyBytes = 64 * 1024;
const maxConnections = 256;

/** Requests have no use for a body; a bounded one is read and forgotten so that the connection stays usable. */
function discardBody(request: IncomingMessage): void {
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBodyBytes) request.destroy();
  });
}

function refusal(
  request: IncomingMessage,
  boundHost: string,
): { status: number; error: string; hint?: string } | undefined {
  if (!isAllowedHost(request.headers.host, boundHost)) {
    return { status: 403, error: 'this Host header is not allowed here', hint: 'Use 127.0.0.1 or localhost.' };
  }
  if (request.method === 'POST' && request.headers[changeHeader] === undefined) {
    return {
      status: 403,
      error: `a change needs the header ${changeHeader}`,
      hint: `curl -X POST -H '${changeHeader}: 1' …`,
    };
  }
  return undefined;
}

async function handle(
  views: AdminViews,
  served: Readonly<Record<string, Endpoint>>,
  boundHost: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  discardBody(request);
  const refused = refusal(request, boundHost);
  if (refused) return respondError(response, refused.status, refused.error, refused.hint);
  const url = URL.parse(request.url ?? '/', 'http://admin.invalid');
  const endpoint = url && Object.hasOwn(served, url.pathname) ? served[url.pathname] : undefined;
  if (!url || !endpoint) return respondError(response, 404, 'no such path', `Paths: ${Object.keys(served).join(' ')}`);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== endpoint.method) {
    response.setHeader('allow', endpoint.method === 'GET' ? 'GET, HEAD' : 'POST');
    return respondError(response, 405, `${url.pathname} takes ${endpoint.method}`);
  }
  await endpoint.handle(views, url, response, request);
}

export function createAdminServer(
  views: AdminViews,
  logger: Logger,
  served: Readonly<Record<string, Endpoint>> = endpoints,
): AdminServer {
  let boundHost = '127.0.0.1';
  const server = http.createServer((request, response) => {
    handle(views, served, boundHost, request, response).catch((error: unknown) => {
      logger.error({ err: error, path: request.url }, 'admin request failed');
      if (response.headersSent) response.destroy();
      else respondError(response, 500, TidegateError.from(error).message);
    });
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.maxConnections = maxConnections;
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        boundHost = host;
        server.once('error', (error: NodeJS.ErrnoException) => {
          const inUse = error.code === 'EADDRINUSE';
          reject(
            new TidegateError(
              inUse ? 'address-in-use' : 'unavailable',
              inUse
                ? `the admin address ${host}:${port} is in use`
                : `the admin server cannot listen on ${host}:${port}: ${error.message}`,
              {
                hint: 'Is another tidegate running? Choose another address with --admin HOST:PORT, a free port with --admin 0, or none with --admin off.',
                cause: error,
              },
            ),
          );
        });
        server.listen(port, host, () => {
          server.removeAllListeners('error');
          server.on('error', (error) => logger.error({ err: error }, 'admin server failed'));
          const address = server.address() as AddressInfo;
          resolve(`${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Log followers never end on their own.
        server.closeAllConnections();
      }),
  };
}
