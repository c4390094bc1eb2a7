// Path normalisation as Envoy's normalize_path does it (RFC 3986, by way of Chromium's URL canonicaliser).

import type { EscapedSlashes } from '../config/engine-config.ts';

export type NormalizedPath =
  | { readonly kind: 'ok'; readonly path: string }
  /** The client is to ask again for this path. */
  | { readonly kind: 'redirect'; readonly path: string }
  | { readonly kind: 'rejected' };

export interface PathNormalization {
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: EscapedSlashes;
}

// What the canonicaliser decodes where it comes percent-encoded: letters, digits and `-._~`.
const unreserved = /[0-9A-Za-z\-._~]/;
const hexPair = /^[0-9A-Fa-f]{2}$/;

const escapedSlash = /%2f|%5c/i;

/** Whether normalising could change anything: nearly all paths pass here without a copy. */
const suspicious = /[%\\]|\/\.|[\0-\x20"<>`{}\x7f-\uffff]/;

/** `target` is path and query; a fragment is refused as Istio's gateways do. */
export function normalizePath(target: string, options: PathNormalization): NormalizedPath {
  if (target.includes('#')) return { kind: 'rejected' };
  const { escapedSlashes } = options;
  const keepsSlashes = escapedSlashes === 'KEEP_UNCHANGED';
  if (!options.normalizePath && !options.mergeSlashes && keepsSlashes) return { kind: 'ok', path: target };
  const question = target.indexOf('?');
  const query = question === -1 ? '' : target.slice(question);
  let path = question === -1 ? target : target.slice(0, question);
  let redirects = false;
  if (!keepsSlashes && escapedSlash.test(path)) {
    if (escapedSlashes === 'REJECT_REQUEST') return { kind: 'rejected' };
    redirects = escapedSlashes === 'UNESCAPE_AND_REDIRECT';
    path = path.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
  }
  if (options.normalizePath && suspicious.test(path)) {
    const canonical = canonicalize(path);
    if (canonical === undefined) return { kind: 'rejected' };
    path = canonical;
  }
  if (options.mergeSlashes) path = path.replace(/\/{2,}/g, '/');
  return { kind: redirects ? 'redirect' : 'ok', path: path + query };
}

function canonicalize(path: string): string | undefined {
  let decoded = '';
  for (let i = 0; i < path.length; i++) {
    const char = path[i] ?? '';
    if (char === '\\') decoded += '/';
    else if (char !== '%') decoded += encodeIfNeeded(char);
    else {
      const pair = path.slice(i + 1, i + 3);
      if (!hexPair.test(pair)) {
        decoded += '%';
        continue;
      }
      const code = Number.parseInt(pair, 16);
      if (code === 0) return undefined;
      const literal = String.fromCharCode(code);
      decoded += unreserved.test(literal) ? literal : `%${pair}`;
      i += 2;
    }
  }
  return removeDotSegments(decoded);
}

function encodeIfNeeded(char: string): string {
  const code = char.charCodeAt(0);
  const encode = code <= 0x20 || code >= 0x7f || '"<>`{}'.includes(char);
  return encode ? `%${code.toString(16).toUpperCase().padStart(2, '0')}` : char;
}

function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i] ?? '';
    const last = i === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.') {
      kept.push(segment);
      continue;
    }
    // `/a/..` and `/a/.` name a folder: the slash stays.
    if (last) kept.push('');
  }
  return `/${kept.join('/')}`;
}
