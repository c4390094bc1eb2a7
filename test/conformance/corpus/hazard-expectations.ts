// Cases that record Istio hurting itself with one bad object: here only that object may suffer, so we expect our own answers.
import type { CorpusResult } from '../../corpus/lib/core.mjs';

interface Expectation {
  readonly status?: number;
  /** Backend that answers. */
  readonly backend?: string;
  /** `ok`, or `refused`: no handshake, in whatever way. */
  readonly tls?: 'ok' | 'refused';
}

/** Case → request → what it would get if the bad object were not there. A request that is not listed hits the bad object. */
const expectations: Readonly<Record<string, Readonly<Record<string, Expectation>>>> = {
  '78-bad-weights-unset': {
    'good host': { status: 200, backend: '127.1.78.1:8080' },
    'bad host good route': { status: 200, backend: '127.1.78.1:8080' },
    'other host': { status: 404 },
  },
  '79-bad-regex': {
    'good host': { status: 200, backend: '127.1.79.1:8080' },
    'bad host good route': { status: 200, backend: '127.1.79.1:8080' },
    'other host': { status: 404 },
  },
  '86-bad-secret': {
    a: { tls: 'ok', status: 200, backend: '127.1.86.1:8080' },
    bad: { tls: 'refused' },
    garbage: { tls: 'refused' },
    nokey: { tls: 'refused' },
    z: { tls: 'ok', status: 200, backend: '127.1.86.1:8080' },
    http: { status: 200, backend: '127.1.86.1:8080' },
  },
};

function backendOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'echo' in body ? body.echo : undefined;
}

/** Lines of what differs from the expectation; none for a request that hits the bad object itself. */
export function hazardDifferences(caseName: string, request: string, got: CorpusResult): string[] {
  const want = expectations[caseName]?.[request];
  if (want === undefined) return [];
  const response = got.response ?? {};
  const differences: string[] = got.clientError === undefined ? [] : [`client: ${got.clientError}`];
  if (want.status !== undefined && response.status !== want.status)
    differences.push(`response.status: ${response.status ?? JSON.stringify(response)}, want ${want.status}`);
  if (want.backend !== undefined && backendOf(response.body) !== want.backend)
    differences.push(`response.body: ${JSON.stringify(response.body)}, want an answer of ${want.backend}`);
  if (want.tls !== undefined && (response.tls === 'ok') !== (want.tls === 'ok'))
    differences.push(`response.tls: ${response.tls ?? JSON.stringify(response)}, want ${want.tls}`);
  return differences;
}
