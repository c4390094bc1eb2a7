// What Envoy refuses before it looks for a route, and the form a request has afterwards.
import type { HttpConnectionManager } from '../config/engine-config.ts';
import type { DownstreamStream } from './downstream-stream.ts';
import type { LocalReply } from './exchange.ts';
import { getHeader, type HeaderList, hasToken } from './header-list.ts';
import { normalizePath } from './normalize-path.ts';

export type CheckedRequest =
  | { readonly kind: 'accepted'; readonly path: string; readonly authority: string; readonly headers: HeaderList }
  | { readonly kind: 'rejected'; readonly reply: LocalReply };

// It may not carry what would end a line or a word of an HTTP/1.1 head.
const unsafe = /[\0-\x20\x7f]/;

/** What Envoy takes for the name and the port of a host. */
const authorityText = /^[!$%&'()*+,\-.\w:;=@[\]~]+$/;

export function checkRequest(
  stream: DownstreamStream,
  manager: HttpConnectionManager,
  scheme: 'http' | 'https',
): CheckedRequest {
  const { head } = stream;
  if (stream.httpVersion === '1.0') return rejected(426, 'Upgrade Required', 'low_version', ['DPE']);
  if (head.method === 'CONNECT') return rejected(404, '', 'route_not_found', ['NR']);
  let target = head.target;
  let authority = head.authority ?? '';
  const absolute = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/.exec(target);
  if (absolute) {
    // RFC 9112 3.2.2: the target's authority counts, not Host.
    authority = absolute[2] ?? '';
    const rest = absolute[3] ?? '';
    target = rest.startsWith('/') ? rest : `/${rest}`;
    const wanted = (absolute[1] ?? '').toLowerCase();
    if (wanted === 'https' && scheme === 'http')
      return rejected(403, 'Forbidden', 'http1.https_url_on_plaintext_connection', ['DPE']);
    if ((wanted !== 'http' && wanted !== 'https') || authority === '' || authority.includes('@'))
      return rejected(400, 'Bad Request', 'http1.codec_error', ['DPE']);
  }
  if (authority === '') return rejected(400, '', 'missing_host_header');
  if (!authorityText.test(authority)) return rejected(400, 'Bad Request', 'http.invalid_authority', ['DPE']);
  if (unsafe.test(target)) return rejected(400, '', 'http.invalid_path');
  if (!target.startsWith('/')) return rejected(404, '', 'absolute_path_rejected');
  const normalized = normalizePath(target, manager);
  if (normalized.kind === 'rejected') return rejected(400, '', 'path_normalization_failed');
  if (normalized.kind === 'redirect') return redirected(normalized.path);
  const upgrade = requestedUpgrade(stream);
  const isOffered = upgrade === undefined || manager.upgradeTypes.some((type) => type.toLowerCase() === upgrade);
  if (!isOffered) return rejected(403, '', 'upgrade_failed');
  const headers = withoutUnderscores(head.headers, manager.headersWithUnderscores);
  return headers === undefined
    ? rejected(400, 'Bad Request', 'http1.unexpected_underscore', ['DPE'])
    : { kind: 'accepted', path: normalized.path, authority, headers };
}

/** Undefined: the request is refused for one of them. */
function withoutUnderscores(
  headers: HeaderList,
  action: HttpConnectionManager['headersWithUnderscores'],
): HeaderList | undefined {
  if (action === undefined || !headers.some((text, i) => i % 2 === 0 && text.includes('_'))) return headers;
  if (action === 'REJECT_REQUEST') return undefined;
  return headers.filter((_, i) => !headers[i - (i % 2)]?.includes('_'));
}

/** The protocol that a client asks to change to. `h2c` is not an upgrade to Envoy: it answers in HTTP/1.1. */
export function requestedUpgrade(stream: DownstreamStream): string | undefined {
  if (stream.protocol !== 'HTTP/1.1') return undefined;
  const { headers } = stream.head;
  return wantsUpgrade(getHeader(headers, 'upgrade'), getHeader(headers, 'connection'));
}

/** Values of the headers of these names → the protocol in lower case. */
export function wantsUpgrade(upgrade: string | undefined, connection: string | undefined): string | undefined {
  const wanted = upgrade?.toLowerCase();
  if (wanted === undefined || wanted === '' || wanted === 'h2c') return undefined;
  return hasToken(connection, 'upgrade') ? wanted : undefined;
}

/** Escaped slashes are not to be in a path; the client asks again without. */
const redirected = (path: string): CheckedRequest => ({
  kind: 'rejected',
  reply: { status: 307, body: '', details: 'path_normalization_failed', headers: ['location', path] },
});

function rejected(status: number, body: string, details: string, flags: LocalReply['flags'] = []): CheckedRequest {
  return { kind: 'rejected', reply: { status, body, details, flags, close: true } };
}
