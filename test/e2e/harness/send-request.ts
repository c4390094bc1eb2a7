// Single HTTP/1.1 requests with a host of the test's choice, over a connection of their own.
import http from 'node:http';
import https from 'node:https';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
}

export interface RequestOptions {
  readonly port: number;
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | undefined;
  /** Of the answer's body; latin1 keeps its bytes. */
  readonly encoding?: 'utf8' | 'latin1';
  /** PEM of the CA to trust: sends over TLS, with the host as SNI. */
  readonly ca?: string;
  readonly agent?: http.Agent;
  readonly timeoutMs?: number;
}

/** Rejects when there is no answer: refused, reset, timed out, or a certificate that is not trusted. */
export function sendRequest(options: RequestOptions): Promise<Answer> {
  const { ca, port, host } = options;
  return new Promise((resolve, reject) => {
    const common = {
      host: '127.0.0.1',
      port,
      path: options.path ?? '/',
      method: options.method ?? 'GET',
      headers: { host, ...options.headers },
      agent: options.agent ?? false,
      timeout: options.timeoutMs ?? 5000,
    };
    const request =
      ca === undefined ? http.request(common) : https.request({ ...common, agent: false, ca, servername: host });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${common.timeout} ms`)));
    request.on('error', reject);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding(options.encoding ?? 'utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers, rawHeaders, trailers } = response;
        resolve({ status, body, headers, rawHeaders, trailers });
      });
    });
    request.end(options.body);
  });
}
