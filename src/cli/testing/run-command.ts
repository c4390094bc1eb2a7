// For tests of commands: runs one against a pretended admin server, and keeps what it printed.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { execute } from '../run-cli.ts';

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function createSink(): { stream: Writable; text(): string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      chunks.push(String(chunk));
      callback();
    },
  });
  return { stream, text: () => chunks.join('') };
}

export async function runCommand(...args: readonly string[]): Promise<CommandOutcome> {
  const [stdout, stderr] = [createSink(), createSink()];
  const before = process.exitCode;
  try {
    const code = await execute(args, { stdout: stdout.stream, stderr: stderr.stream });
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    // The command's exit code must not become that of the test run.
    process.exitCode = before;
  }
}

export interface FakeAdmin {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** `METHOD path?query` of all requests so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Answers by `METHOD path?query`, then by `METHOD path`: a string as text, else as JSON; 404 as the real one otherwise. */
export function startFakeAdmin(answers: Readonly<Record<string, unknown>>): Promise<FakeAdmin> {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    const key = `${request.method} ${request.url}`;
    requests.push(key);
    const plainKey = key.split('?')[0] ?? '';
    const name = [key, plainKey].find((candidate) => Object.hasOwn(answers, candidate));
    if (name === undefined) {
      response.writeHead(404).end(JSON.stringify({ error: `no ${plainKey}`, hint: 'Ask another.' }));
      return;
    }
    const answer = answers[name];
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({
        address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        requests,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
