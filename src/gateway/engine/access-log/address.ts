// Takes apart the `address:port` that requests carry.

export interface AddressParts {
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

export function splitAddress(address: string): AddressParts {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  if (colon <= 0 || colon === address.length - 1 || !Number.isInteger(port)) return { host: address, port: undefined };
  const host = address.slice(0, colon);
  if (host.startsWith('[') && host.endsWith(']')) return { host: host.slice(1, -1), port };
  // A bare IPv6 address: its last group is no port.
  return host.includes(':') ? { host: address, port: undefined } : { host, port };
}
