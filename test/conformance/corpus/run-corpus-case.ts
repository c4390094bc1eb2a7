// One case on one data plane: its manifests in a fresh Tidegate, its backends, its requests, and what differs from Istio.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RouteModeKind } from '../../../src/lib/route-mode.ts';
import { Backends } from '../../corpus/lib/backends.mjs';
import { type CorpusCase, type CorpusResult, compare, loadCase, runRequest } from '../../corpus/lib/core.mjs';
import type { DataPlaneName } from '../../e2e/harness/data-planes.ts';
import { portMapFor } from '../../e2e/harness/free-ports.ts';
import { spawnTidegate } from '../../e2e/harness/tidegate-process.ts';
import { hazardDifferences } from './hazard-expectations.ts';

export const corpusFolder = new URL('../../corpus/', import.meta.url).pathname;

/** Headers that are ours to choose (test/corpus/README.md, "How Tidegate uses it"). */
const ignoredHeaders: ReadonlySet<string> = new Set(['server', 'x-envoy-decorator-operation']);

/** The client's address when the corpus was recorded; Envoy treats 127.0.0.1 as its own. */
const clientAddress = '127.1.0.77';

/** As recorded: each of Envoy's workers may open a connection of its own, whatever the limit of the circuit breaker. */
const oneWorker = ['--workers', '1'];

export interface RequestOutcome {
  readonly request: string;
  /** Empty when the request went as recorded. */
  readonly differences: readonly string[];
}

export interface CaseOutcome {
  readonly case: string;
  readonly dataPlane: DataPlaneName;
  readonly routeMode: RouteModeKind;
  readonly requests: readonly RequestOutcome[];
  /** Why the case could not run at all. */
  readonly error?: string;
  readonly startMs: number;
  readonly runMs: number;
}

interface Layout {
  readonly folder: string;
  readonly manifests: string;
  readonly mounts: Record<string, string>;
}

/** Puts the case's manifests, and the files they name, where this run's gateway sees them. */
function layOut(corpusCase: CorpusCase): Layout {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-corpus-'));
  const manifests = join(folder, 'manifests');
  mkdirSync(manifests);
  writeFileSync(join(manifests, 'manifests.yaml'), corpusCase.manifestsText);
  const mounts: Record<string, string> = {};
  for (const [path, certificate] of Object.entries(corpusCase.setup.files ?? {})) {
    const local = join(folder, 'mounts', path);
    mkdirSync(dirname(local), { recursive: true });
    copyFileSync(join(corpusFolder, 'certs', certificate), local);
    mounts[dirname(path)] = dirname(local);
  }
  return { folder, manifests, mounts };
}

/** Ports of the Gateways as well as of the requests: no listener may land on a port that happens to be taken. */
function gatewayPorts(corpusCase: CorpusCase): ReadonlySet<number> {
  const inManifests = [...corpusCase.manifestsText.matchAll(/^\s+number: (\d+)$/gm)].map((match) => Number(match[1]));
  return new Set([...corpusCase.requests.map((request) => request.port), ...inManifests]);
}

/**
 * The address that the kernel gives the gateway's own end of a connection to a backend, in access logs. When the corpus was
 * recorded each backend's address belonged to an interface and was chosen for both ends; on loopback it is 127.0.0.1.
 */
function maskGatewayAddress(result: CorpusResult): CorpusResult {
  if (result.accessLog === undefined) return result;
  const ownAddress = /\d+\.\d+\.\d+\.\d+(?=:<port>)/;
  const accessLog = result.accessLog.map((line) => {
    if (typeof line === 'string')
      return line.replace(/\S+:<port>(?= <listener>)/, (own) => own.replace(ownAddress, '<own>'));
    const own = line.upstream_local_address;
    return typeof own === 'string' ? { ...line, upstream_local_address: own.replace(ownAddress, '<own>') } : line;
  });
  return { ...result, accessLog };
}

/**
 * The corpus' TCP backends put their name before each chunk that they read. Where the kernel cuts a stream is nobody's
 * promise, and differs from run to run: one name, where the answer begins, says as much.
 */
export function joinChunks(result: CorpusResult): CorpusResult {
  const received = result.response?.received;
  if (received === undefined) return result;
  const [name] = /^\d+\.\d+\.\d+\.\d+:\d+> /.exec(received) ?? [];
  if (name === undefined) return result;
  return { ...result, response: { ...result.response, received: name + received.replaceAll(name, '') } };
}

const backendCertificate = 'backend.example.com';

/**
 * Where TLS is passed through, the answer is the corpus' own backend's, which Node writes: newer ones than the one it was
 * recorded with announce how long they keep a connection.
 */
function dropBackendKeepAlive(result: CorpusResult): CorpusResult {
  const { response } = result;
  if (response?.cn !== backendCertificate || response.headers === undefined) return result;
  const headers = response.headers.filter(([name]) => name.toLowerCase() !== 'keep-alive');
  return { ...result, response: { ...response, headers } };
}

/** OpenSSL 3.2 and later call `SSL/TLS alert` what they called `sslv3 alert` when the corpus was recorded. */
function nameAlerts(result: CorpusResult): CorpusResult {
  const tls = result.response?.tls;
  if (tls === undefined) return result;
  return { ...result, response: { ...result.response, tls: tls.replace(/^SSL\/TLS_ALERT_/, 'SSLV3_ALERT_') } };
}

const comparable = (result: CorpusResult): CorpusResult =>
  nameAlerts(dropBackendKeepAlive(joinChunks(maskGatewayAddress(result))));

async function runRequests(
  corpusCase: CorpusCase,
  portMap: Readonly<Record<number, number>>,
  accessLog: string,
): Promise<RequestOutcome[]> {
  const backends = new Backends();
  try {
    await backends.start(corpusCase.setup.backends ?? []);
    const outcomes: RequestOutcome[] = [];
    for (const request of corpusCase.requests) {
      const got = await runRequest(request, {
        source: clientAddress,
        target: (port) => ({ host: '127.0.0.1', port: portMap[port] ?? port }),
        rewrite: (text) => text,
        unrewrite: (text) => text,
        backends,
        accessLog: corpusCase.setup.accessLog ? accessLog : undefined,
        wantAccessLog: corpusCase.setup.accessLog === true,
      });
      const want = corpusCase.recorded?.results.find((result) => result.name === request.name);
      const differences = corpusCase.setup.hazard
        ? hazardDifferences(corpusCase.name, request.name, got)
        : compare(comparable(got), want && comparable(want), request, {
            ignore: ignoredHeaders,
            level: 'full',
          });
      outcomes.push({ request: request.name, differences });
    }
    return outcomes;
  } finally {
    await backends.stop();
  }
}

/** Never throws: what kept the case from running is in `error`, with what Tidegate said. */
export async function runCorpusCase(
  name: string,
  dataPlane: DataPlaneName,
  routeMode: RouteModeKind,
): Promise<CaseOutcome> {
  const corpusCase = loadCase(join(corpusFolder, 'cases', name));
  const layout = layOut(corpusCase);
  const started = performance.now();
  let startMs = 0;
  const portMap = await portMapFor(gatewayPorts(corpusCase));
  const tidegate = await spawnTidegate({
    manifests: [layout.manifests],
    dataPlane,
    portMap,
    mounts: layout.mounts,
    args: [...oneWorker, '--route-mode', routeMode],
  });
  const outcome = { case: name, dataPlane, routeMode };
  try {
    await tidegate.ready();
    startMs = Math.round(performance.now() - started);
    const requests = await runRequests(corpusCase, portMap, tidegate.stdoutFile);
    return { ...outcome, requests, startMs, runMs: Math.round(performance.now() - started) - startMs };
  } catch (error) {
    const text = error instanceof Error ? `${error.message} ${error.cause ?? ''}` : String(error);
    return { ...outcome, requests: [], error: text, startMs, runMs: 0 };
  } finally {
    // Not awaited: draining may take its second while the next case starts, which has ports of its own.
    tidegate.stop().finally(() => rmSync(layout.folder, { recursive: true, force: true }));
  }
}
