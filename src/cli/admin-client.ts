// The CLI's way to a running tidegate: its admin HTTP server.
import http from 'node:http';
import { TidegateError } from '../lib/tidegate-error.ts';
import type { HostPort } from '../main/run-options.ts';

export interface AdminClient {
  readonly address: string;
  /** The parsed answer. Throws TidegateError: `unavailable` if nobody answers, `not-found` and others with the server's text. */
  get(path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  post(path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /** Calls back with each chunk of text until the server ends the answer or the signal aborts. */
  stream(path: string, query: URLSearchParams, onText: (text: string) => void, signal: AbortSignal): Promise<void>;
}

/** A dump of ten thousand hosts is some 50 MB; more than this is not our admin server. */
const maxAnswerBytes = 1024 * 1024 * 1024;
const timeoutMs = 30_000;

function unavailable(address: string, cause: NodeJS.ErrnoException): TidegateError {
  return new TidegateError('unavailable', `no tidegate answers at ${address} (${cause.code ?? cause.message})`, {
    hint: 'Start one with `tidegate up -f PATH`, or name its admin address with --admin HOST:PORT.',
    cause,
  });
}

function refused(address: string, status: number, body: string): TidegateError {
  let answer: { error?: unknown; hint?: unknown } = {};
  try {
    answer = JSON.parse(body);
  } catch {
    // Not ours, or cut off: the status has to do.
  }
  const message = typeof answer.error === 'string' ? answer.error : `${address} answered with status ${status}`;
  const hint = typeof answer.hint === 'string' ? { hint: answer.hint } : {};
  return new TidegateError(status === 404 ? 'not-found' : 'protocol', message, hint);
}

export function createAdminClient({ host, port }: HostPort): AdminClient {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

  const open = (method: string, path: string, signal: AbortSignal | undefined): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const request = http.request({
        host,
        port,
        method,
        path,
        headers: { 'x-tidegate': 'cli' },
        agent: false,
        ...(signal && { signal }),
      });
      request.setTimeout(timeoutMs, () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
      request.once('error', (error) => reject(unavailable(address, error)));
      request.once('response', (response) => {
        request.setTimeout(0);
        resolve(response);
      });
      request.end();
    });

  const read = async (response: http.IncomingMessage): Promise<string> => {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response) {
      size += chunk.length;
      if (size > maxAnswerBytes) throw new TidegateError('protocol', `${address} answers without an end`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  };

  const call = async (method: string, path: string, query: Readonly<Record<string, string>>): Promise<unknown> => {
    const response = await open(method, `${path}?${new URLSearchParams(query)}`, undefined);
    const body = await read(response);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw refused(address, status, body);
    try {
      return JSON.parse(body);
    } catch (cause) {
      throw new TidegateError('protocol', `${address} does not answer as a tidegate does`, {
        hint: 'Is this its admin address?',
        cause,
      });
    }
  };

  return {
    address,
    get: (path, query = {}) => call('GET', path, query),
    post: (path, query = {}) => call('POST', path, query),
    stream: async (path, query, onText, signal) => {
      if (signal.aborted) return;
      try {
        const response = await open('GET', `${path}?${query}`, signal);
        if (response.statusCode !== 200) throw refused(address, response.statusCode ?? 0, await read(response));
        response.setEncoding('utf8');
        for await (const text of response) onText(String(text));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}
