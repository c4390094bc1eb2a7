// Two listeners on one address would fight for it in the kernel: the later one is refused, as Envoy does.
import type { Accepted } from './accepted-resources.ts';
import type { ConvertedListener } from './convert-listener.ts';

export function rejectDuplicateAddresses(
  { config }: ConvertedListener,
  others: ReadonlyMap<string, Accepted<ConvertedListener>>,
): string | undefined {
  const { name, address, port } = config;
  for (const [other, { value }] of others) {
    if (other !== name && value.config.port === port && value.config.address === address)
      return `error adding listener: '${name}' has duplicate address '${address}:${port}' as existing listener`;
  }
  return undefined;
}
