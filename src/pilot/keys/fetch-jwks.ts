// Fetches one key set over HTTP, by its own address or by OpenID Connect Discovery; bounded in time and size.
import { isHttpUrl } from '../../lib/http-url.ts';
import { jwksProblem, maxJwksBytes } from '../model/check-jwks.ts';
import type { KeySource } from '../model/list-key-sources.ts';

export type FetchResult =
  /** `maxAgeMs`: how long the server says they stay good; undefined where it says nothing. */
  | { readonly kind: 'keys'; readonly jwks: string; readonly maxAgeMs: number | undefined }
  /** Completes "The keys …". */
  | { readonly kind: 'failed'; readonly problem: string };

interface Document {
  readonly text: string;
  readonly maxAgeMs: number | undefined;
}

class FetchFailure extends Error {}
const fail = (problem: string): never => {
  throw new FetchFailure(problem);
};

/** Never throws; `signal` ends it early. The time is for both documents of a discovery together. */
export async function fetchJwks(source: KeySource, signal: AbortSignal): Promise<FetchResult> {
  const timeout = AbortSignal.timeout(source.timeoutMs);
  const bounded = AbortSignal.any([timeout, signal]);
  try {
    const url = source.jwksUri ?? (await discover(source.issuer, bounded));
    const { text, maxAgeMs } = await get(url, bounded);
    const problem = jwksProblem(text);
    return problem === undefined ? { kind: 'keys', jwks: text, maxAgeMs } : { kind: 'failed', problem };
  } catch (error) {
    if (error instanceof FetchFailure) return { kind: 'failed', problem: error.message };
    const seconds = source.timeoutMs / 1000;
    return { kind: 'failed', problem: timeout.aborted ? `did not come within ${seconds} s` : `did not come: ${error}` };
  }
}

/** OpenID Connect Discovery 1.0 §4. */
async function discover(issuer: string, signal: AbortSignal): Promise<string> {
  if (!isHttpUrl(issuer))
    return fail('cannot be found: there is no jwksUri, and the issuer is no URL of http or https');
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { text } = await get(url, signal);
  let uri: unknown;
  try {
    uri = (JSON.parse(text) as { jwks_uri?: unknown } | null)?.jwks_uri;
  } catch {
    return fail(`cannot be found: ${url} is no JSON`);
  }
  return typeof uri === 'string' && isHttpUrl(uri) ? uri : fail(`cannot be found: ${url} names no jwks_uri`);
}

async function get(url: string, signal: AbortSignal): Promise<Document> {
  let response: Response;
  try {
    response = await fetch(url, { signal, headers: { accept: 'application/json' } });
  } catch (error) {
    if (signal.aborted) throw error;
    return fail(`could not be fetched from ${shown(url)}: ${reasonOf(error)}`);
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    return fail(`could not be fetched from ${shown(url)}: it answered ${response.status}`);
  }
  return { text: await readText(response, url, signal), maxAgeMs: maxAgeOf(response.headers.get('cache-control')) };
}

/** Without what may be a secret. */
function shown(text: string): string {
  const url = URL.parse(text);
  return url === null ? text : `${url.origin}${url.pathname}`;
}

/** fetch() says only that it failed; the socket says why. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  return inner instanceof Error ? inner.message : String(inner);
}

async function readText(response: Response, url: string, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      // Leaving the loop cancels the rest.
      if (bytes > maxJwksBytes) return fail(`are longer than ${maxJwksBytes / 1024} KiB`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (signal.aborted || error instanceof FetchFailure) throw error;
    return fail(`could not be fetched from ${shown(url)}: ${reasonOf(error)}`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** RFC 9111 5.2.2.1. */
function maxAgeOf(cacheControl: string | null): number | undefined {
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
