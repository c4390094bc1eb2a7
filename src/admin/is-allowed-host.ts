// The guard against DNS rebinding: a page in a browser can reach loopback under its own name, but cannot forge the Host header.
import net from 'node:net';

/** `[::1]:80` → `::1`, `Localhost:80` → `localhost`. */
function hostnameOf(hostHeader: string): string | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::\d{1,5})?$/.exec(hostHeader.trim());
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function isLoopback(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, '');
  return plain === 'localhost' || plain === '::1' || (net.isIPv4(plain) && plain.startsWith('127.'));
}

/**
 * Bound to loopback: only loopback names. Bound elsewhere (on purpose): any literal address, since a rebinding page needs a name,
 * and the name the operator bound.
 */
export function isAllowedHost(hostHeader: string | undefined, boundAddress: string): boolean {
  const hostname = hostHeader === undefined ? undefined : hostnameOf(hostHeader);
  if (!hostname) return false;
  if (isLoopback(hostname)) return true;
  if (isLoopback(boundAddress)) return false;
  return net.isIP(hostname) !== 0 || hostname === boundAddress.toLowerCase();
}
