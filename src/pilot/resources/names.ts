// Kubernetes' rules for names (RFC 1123, RFC 1035) and Istio's for host names, as predicates.
import { isIPv6 } from 'node:net';

const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;
const MAX_HEADER_NAME = 1024;

const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
/** Names of Services also must not start with a digit (RFC 1035). */
const label1035 = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
/** Underscores are no DNS names, but clients send them and Envoy matches them. */
const hostLabel = /^[a-z0-9_](?:[-a-z0-9_]*[a-z0-9_])?$/i;

export function isLabel(text: string): boolean {
  return text.length <= MAX_LABEL && label.test(text);
}

export function isServiceName(text: string): boolean {
  return text.length <= MAX_LABEL && label1035.test(text);
}

export function isSubdomain(text: string): boolean {
  return (
    text.length <= MAX_SUBDOMAIN && text.split('.').every((part) => part.length <= MAX_SUBDOMAIN && label.test(part))
  );
}

const labelText = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** The name of a label: `name` or `domain/name`. */
export function isLabelKey(text: string): boolean {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  return name.length <= MAX_LABEL && labelText.test(name) && (slash === -1 || isSubdomain(text.slice(0, slash)));
}

export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= MAX_LABEL && labelText.test(text));
}

/** A host name, an IP address, `*`, or a name whose first label is `*`. */
export function isHost(text: string): boolean {
  if (text.length === 0 || text.length > MAX_SUBDOMAIN) return false;
  if (text === '*') return true;
  if (text.includes(':')) return isIPv6(text.replace(/^\[(.*)\]$/, '$1'));
  const name = text.startsWith('*.') ? text.slice(2) : text;
  return name.split('.').every((part) => part.length <= MAX_LABEL && hostLabel.test(part));
}

/** A field name of RFC 9110 5.1. */
export function isHeaderName(text: string): boolean {
  return text.length <= MAX_HEADER_NAME && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}

const claims = '@request.auth.claims';

/** A match on the claims of a token instead of a header: `@request.auth.claims[a][b]` or `@request.auth.claims.a.b` → a, b. */
export function claimPath(name: string): readonly string[] | undefined {
  if (!name.toLowerCase().startsWith(claims)) return undefined;
  const rest = name.slice(claims.length);
  if (/^\..+/.test(rest)) return rest.slice(1).split('.');
  return /^\[.+\]$/.test(rest) ? rest.slice(1, -1).split('][') : undefined;
}
