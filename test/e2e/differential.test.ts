// Ten thousand random requests through both data planes with the same random routes: whatever one answers, so does the other.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import {
  request as arbitraryRequest,
  rules as arbitraryRules,
  type DifferentialRequest,
} from './differential.fixture.ts';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import { gateway, httpServer, service } from './harness/manifests.ts';
import { requireLinux } from './harness/require-tool.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';

const hosts = 100;
const requestsPerHost = 100;
const lanes = 8;
/** Every run the same: a difference is there again. Others are for whoever looks for more. */
const seed = Number(process.env.TIDEGATE_DIFFERENTIAL_SEED ?? 7);

interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

interface Client {
  send(host: string, request: DifferentialRequest): Promise<Answer>;
  close(): void;
}

/** Values that differ from request to request. */
const volatile = new Set(['date', 'x-envoy-upstream-service-time', 'x-request-id']);
/** Of the connection to the application: one hop each. */
const notCompared = new Set(['keep-alive']);

function comparable(raw: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    if (!notCompared.has(name)) lines.push(`${name}: ${volatile.has(name) ? '*' : raw[i + 1]}`);
  }
  return lines.sort();
}

/** Answers with what it saw. */
async function startEcho(): Promise<http.Server> {
  const server = http.createServer({ keepAliveTimeout: 0, insecureHTTPParser: true }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      response.setHeader('x-e', '1');
      response.setHeader('access-control-allow-origin', 'https://backend.example');
      response.end(`${request.method} ${request.url}\n${comparable(request.rawHeaders).join('\n')}\n\n${body}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function createClient(port: number): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: lanes });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  const overHttp1: Client['send'] = async (host, request) => {
    const { status, rawHeaders, body } = await sendRequest({ ...request, host, port, agent, timeoutMs: 30_000 });
    return { status, headers: comparable(rawHeaders), body };
  };
  const overHttp2: Client['send'] = (host, { method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const { te, ...others } = headers;
      const all = { ':method': method, ':path': path, ':authority': host, ...others, ...(te === 'trailers' && { te }) };
      const stream = session.request(all, { endStream: body === undefined });
      let status = 0;
      let received: readonly string[] = [];
      const chunks: Buffer[] = [];
      stream.on('response', (fields, _flags, raw) => {
        status = fields[':status'] ?? 0;
        received = comparable(raw).filter((line) => !line.startsWith(':'));
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => resolve({ status, headers: received, body: Buffer.concat(chunks).toString() }));
      if (body !== undefined) stream.end(body);
    });
  return {
    send: (host, request) => (request.http2 ? overHttp2 : overHttp1)(host, request),
    close: () => {
      agent.destroy();
      session.destroy();
    },
  };
}

const skip = requireLinux() || dataPlaneNames.map(skipDataPlane).find((reason) => reason !== false) || false;

describe('the two data planes', { skip }, () => {
  const temporary = mkdtempSync(join(tmpdir(), 'tidegate-differential-'));
  const rules = fc.sample(arbitraryRules, { numRuns: hosts, seed });
  const requests = fc.sample(arbitraryRequest, { numRuns: hosts * requestsPerHost, seed });
  const processes: TidegateProcess[] = [];
  const clients: Client[] = [];
  let echo: http.Server | undefined;

  before(async () => {
    echo = await startEcho();
    const { port } = echo.address() as AddressInfo;
    const manifests = [
      gateway([httpServer()]),
      ...service('echo', [{ address: '127.0.0.1', port }]),
      ...rules.map((http, i) => ({
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { name: `v${i}`, namespace: 'default' },
        spec: { hosts: [`h${i}.example.com`], gateways: ['istio-system/gw'], http },
      })),
    ];
    const file = join(temporary, 'manifests.yaml');
    writeFileSync(file, manifests.map((manifest) => `---\n${JSON.stringify(manifest)}\n`).join(''));
    for (const dataPlane of dataPlaneNames) {
      const portMap = await portMapFor([80]);
      processes.push(await startTidegate({ manifests: [file], dataPlane, portMap }));
      clients.push(createClient(portMap[80] ?? 0));
    }
  });
  after(async () => {
    for (const client of clients) client.close();
    for (const tidegate of processes) await tidegate.stop();
    echo?.closeAllConnections();
    await new Promise((resolve) => echo?.close(resolve));
    rmSync(temporary, { recursive: true, force: true });
  });

  it(`answer ${hosts * requestsPerHost} random requests alike`, async () => {
    const differences: unknown[] = [];
    const statuses = new Map<number, number>();
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < requests.length && differences.length < 20) {
        const index = next++;
        const request = requests[index];
        if (request === undefined) return;
        const number = Math.floor(index / requestsPerHost);
        const host = `${index % 7 === 0 ? 'H' : 'h'}${number}.example.com${index % 5 === 0 ? ':8080' : ''}`;
        const [embedded, envoy] = await Promise.all(
          clients.map((client) =>
            client.send(host, request).catch((error): Answer => ({ status: -1, headers: [], body: String(error) })),
          ),
        );
        statuses.set(envoy?.status ?? 0, (statuses.get(envoy?.status ?? 0) ?? 0) + 1);
        if (JSON.stringify(embedded) !== JSON.stringify(envoy))
          differences.push({ host, request, embedded, envoy, rules: rules[number] });
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    assert.equal(differences.length, 0, JSON.stringify(differences, undefined, 1));
    // The routes are met, and in many ways.
    assert.ok((statuses.get(200) ?? 0) > requests.length / 10, JSON.stringify([...statuses]));
    assert.ok(statuses.size >= 5, JSON.stringify([...statuses]));
  });
});
