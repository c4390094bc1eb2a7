// TLS that is passed through: one filter chain for each match of a tls rule, told apart by SNI. Whoever comes first has a name.
import { formatResourceRef, type ResourceRef } from '../../lib/diagnostic.ts';
import { connectionServicesFor, hostsForNamespace } from './build-route-table.ts';
import { applies, forwardTargets, type RouteContext } from './build-routes.ts';
import type { TcpChainResult } from './build-tcp-chain.ts';
import { intersectHosts, serverNamesOf } from './host-names.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { ModelTlsMatch, ModelTlsRule, ModelVirtualService } from './model.ts';
import type { FilterChainView } from './proxy-view.ts';
import { report } from './report.ts';

export interface NameOwner {
  readonly ref: ResourceRef;
  /** Undefined: a server's host. */
  readonly match: ModelTlsMatch | undefined;
}

/** `taken`: names that chains of the listener have already, and whose they are; the new ones are added. */
export function buildTlsChains(
  context: RouteContext,
  { gateway, server }: PlacedServer,
  taken: Map<string, NameOwner>,
): TcpChainResult {
  const result: { chains: FilterChainView[]; diagnostics: TcpChainResult['diagnostics'][number][] } = {
    chains: [],
    diagnostics: [],
  };
  for (const virtualService of connectionServicesFor(context.model, gateway.key, context.proxyNamespace)) {
    if (intersectHosts(hostsForNamespace(server, virtualService.namespace), virtualService.hosts).length === 0)
      continue;
    for (const rule of virtualService.tls)
      for (const match of rule.matches) {
        if (!applies(context, match)) continue;
        const names = match.sniHosts.includes('*') ? ['*'] : match.sniHosts;
        const free = names.filter((name) => !taken.has(name));
        for (const name of names) {
          const owner = taken.get(name);
          // Another server of the port may have come to the same match before.
          if (owner !== undefined && owner.match !== match)
            result.diagnostics.push(nameTaken(virtualService, rule, match, name, owner, server.port));
        }
        for (const name of free) taken.set(name, { ref: virtualService.ref, match });
        if (free.length === 0) continue;
        const { action } = rule;
        result.chains.push({
          serverNames: serverNamesOf(free),
          plaintextOnly: false,
          tls: undefined,
          network: {
            kind: 'tcp',
            targets: action.kind === 'forward' ? forwardTargets(context, action) : undefined,
            virtualService: virtualService.ref,
          },
        });
      }
  }
  return result;
}

const nameTaken = (
  virtualService: ModelVirtualService,
  rule: ModelTlsRule,
  match: ModelTlsMatch,
  name: string,
  owner: NameOwner,
  port: number,
) =>
  report(virtualService.resource, {
    severity: 'error',
    code: 'TG0018',
    path: ['spec', 'tls', rule.index, 'match', match.index, 'sniHosts'],
    message: `Connections for ${name} on port ${port} already go where ${formatResourceRef(owner.ref)} says, which comes first; this match gets none of them.`,
    remedy: 'Name each host in one match only.',
  });
