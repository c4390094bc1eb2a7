// Which listeners, filter chains and filters a patch is for.
import type { FilterChain } from '../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import type { EnvoyPatch } from '../model/proxy-view.ts';

export interface ListenerIdentity {
  readonly name: string;
  /** That it has in a cluster; undefined of one that a patch adds. */
  readonly port: number | undefined;
}

export function matchesListener({ patch }: EnvoyPatch, { name, port }: ListenerIdentity): boolean {
  const match = patch.listener;
  if (match === undefined) return true;
  return (
    (match.name === undefined || match.name === name) && (match.portNumber === undefined || match.portNumber === port)
  );
}

export function matchesFilterChain({ patch }: EnvoyPatch, { name, filterChainMatch }: FilterChain): boolean {
  const match = patch.listener?.filterChain;
  if (match === undefined) return true;
  return (
    (match.name === undefined || match.name === name) &&
    (match.sni === undefined || filterChainMatch?.serverNames.includes(match.sni) === true) &&
    (match.transportProtocol === undefined || match.transportProtocol === filterChainMatch?.transportProtocol) &&
    match.applicationProtocols.every(
      (protocol) => filterChainMatch?.applicationProtocols.includes(protocol) === true,
    ) &&
    (match.destinationPort === undefined || match.destinationPort === filterChainMatch?.destinationPort)
  );
}

interface Named {
  readonly name: string;
}

/** Undefined where the patch names none: each of the three takes that its own way. */
const named = (name: string | undefined): ((item: Named) => boolean) | undefined =>
  name === undefined ? undefined : (item) => item.name === name;

export const listenerFilterOf = ({ patch }: EnvoyPatch) => named(patch.listener?.listenerFilter);
export const networkFilterOf = ({ patch }: EnvoyPatch) => named(patch.listener?.filterChain?.filter);
export const httpFilterOf = ({ patch }: EnvoyPatch) => named(patch.listener?.filterChain?.subFilter);
