// A server as issuers of tokens run them: OpenID Connect Discovery, and a key set that rotates or breaks as a test wants.
import type http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { issueTestCertificate } from '../../../src/gateway/secrets/certificate.fixture.ts';
import { publicJwks } from './sign-token.ts';

export interface OidcServer {
  /** `https://localhost:1234` */
  readonly issuer: string;
  /** PEM; signed by itself. */
  readonly certificate: string;
  /** Requests for keys so far. */
  fetches(): number;
  /** Publishes these keys of keys.json from now on. */
  publish(...names: readonly string[]): void;
  /** Answers requests for keys in another way from now on, until `publish`. */
  breakKeys(answer: http.RequestListener): void;
  stop(): Promise<void>;
}

export async function startOidcServer(): Promise<OidcServer> {
  let fetches = 0;
  let keys: http.RequestListener = (_, response) => response.writeHead(500).end();
  const listener: http.RequestListener = (request, response) => {
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
      return;
    }
    fetches += 1;
    keys(request, response);
  };
  const { certificate, key } = await issueTestCertificate('localhost');
  const server = https.createServer({ cert: certificate, key }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = `https://localhost:${port}`;
  return {
    issuer,
    certificate,
    fetches: () => fetches,
    publish: (...names) => {
      keys = (_, response) => response.setHeader('content-type', 'application/json').end(publicJwks(...names));
    },
    breakKeys: (answer) => {
      keys = answer;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
