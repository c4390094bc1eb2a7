// Envoy's admin server, on a Unix socket only we can open: asked by the gateway itself, and read by people through an allow-list.
import http from 'node:http';
import { TidegateError } from '../../lib/tidegate-error.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface EnvoyAdmin {
  /** Path with query. Throws TidegateError `unavailable` when Envoy does not answer. */
  get(path: string): Promise<AdminAnswer>;
  post(path: string): Promise<AdminAnswer>;
}

const timeoutMs = 10_000;
/** A dump of 10,000 routes has some 30 MB. */
const maxBytes = 512 * 1024 * 1024;

/** What people may read through us. None of these changes anything, and Envoy itself redacts private keys in dumps. */
const readable = new Set([
  '/stats',
  '/stats/prometheus',
  '/clusters',
  '/listeners',
  '/config_dump',
  '/server_info',
  '/ready',
]);

export function isReadableAdminPath(path: string): boolean {
  const end = path.search(/[?#]/);
  return readable.has(end === -1 ? path : path.slice(0, end));
}

export function createEnvoyAdmin(socketPath: string): EnvoyAdmin {
  const send = (method: 'GET' | 'POST', path: string): Promise<AdminAnswer> =>
    new Promise((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(
          new TidegateError('unavailable', `Envoy's admin server does not answer: ${error.message}`, { cause: error }),
        );
      const request = http.request({ socketPath, path, method, agent: false, timeout: timeoutMs }, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > maxBytes) request.destroy(new Error(`more than ${maxBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () => {
          const contentType = response.headers['content-type'] ?? 'text/plain';
          resolve({ status: response.statusCode ?? 0, contentType, body: Buffer.concat(chunks).toString('utf8') });
        });
      });
      request.on('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
      request.on('error', fail);
      request.end();
    });
  return { get: (path) => send('GET', path), post: (path) => send('POST', path) };
}
