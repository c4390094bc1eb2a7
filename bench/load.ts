// Requests per second against one URL: wrk where it is installed; else a Node client, whose own cost then limits the result.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  /** Answers other than 2xx or 3xx, and torn connections. */
  readonly errors: number;
}

export interface LoadSpec {
  /** `http://127.0.0.1:20080/` */
  readonly url: string;
  readonly host: string;
  readonly connections: number;
  readonly seconds: number;
  /** Pins the generator: `['taskset', '-c', '0']`. */
  readonly prefix: readonly string[];
}

/** The summary of `wrk --latency`. Throws when it is not one. */
export function parseWrk(output: string): LoadResult {
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(output);
  const p99 = /99%\s+([\d.]+)(us|ms|s)\b/.exec(output);
  if (rate === null || p99 === null) throw new Error(`wrk said: ${output}`);
  const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output);
  const badAnswers = /Non-2xx or 3xx responses: (\d+)/.exec(output);
  const unitMs = { us: 0.001, ms: 1, s: 1000 }[p99[2] ?? 'ms'] ?? 1;
  return {
    requestsPerSecond: Number(rate[1]),
    p99Ms: Number(p99[1]) * unitMs,
    errors: [...(socketErrors?.slice(1) ?? []), badAnswers?.[1] ?? '0'].reduce((sum, text) => sum + Number(text), 0),
  };
}

async function runWrk(wrk: string, spec: LoadSpec): Promise<LoadResult> {
  const flags = [
    '-t',
    '1',
    '-c',
    String(spec.connections),
    '-d',
    `${spec.seconds}s`,
    '--latency',
    '-H',
    `Host: ${spec.host}`,
  ];
  const [command = '', ...args] = [...spec.prefix, wrk, ...flags, spec.url];
  const { stdout } = await run(command, args, { timeout: (spec.seconds + 20) * 1000 });
  return parseWrk(stdout);
}

/** Runs in a process of its own for the pinning; prints a LoadResult. */
const nodeClient = `
const { url, host, connections, seconds } = JSON.parse(process.argv[1]);
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const http = require(url.startsWith('https') ? 'node:https' : 'node:http');
const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
const end = performance.now() + seconds * 1000, times = []; let errors = 0;
const one = () => new Promise((done) => {
  const start = performance.now();
  http.get(url, { agent, headers: { host } }, (response) => {
    response.resume();
    response.on('end', () => { response.statusCode < 400 ? times.push(performance.now() - start) : errors++; done(); });
  }).on('error', () => { errors++; done(); });
});
const lane = async () => { while (performance.now() < end) await one(); };
Promise.all(Array.from({ length: connections }, lane)).then(() => {
  times.sort((a, b) => a - b);
  console.log(JSON.stringify({ requestsPerSecond: times.length / seconds, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0, errors }));
  process.exit(0);
});
`;

async function runNodeClient(spec: LoadSpec): Promise<LoadResult> {
  const [command = '', ...args] = [...spec.prefix, process.execPath, '-e', nodeClient, JSON.stringify(spec)];
  const { stdout } = await run(command, args, { timeout: (spec.seconds + 20) * 1000 });
  return JSON.parse(stdout) as LoadResult;
}

export function runLoad(wrk: string | undefined, spec: LoadSpec): Promise<LoadResult> {
  return wrk === undefined ? runNodeClient(spec) : runWrk(wrk, spec);
}
