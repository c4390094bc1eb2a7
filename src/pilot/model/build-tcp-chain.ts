// The one route of a TCP server, plaintext or behind TLS that ends here: the first rule that applies takes all its connections.
import { type Diagnostic, formatResourceRef } from '../../lib/diagnostic.ts';
import { connectionServicesFor, hostsForNamespace } from './build-route-table.ts';
import { applies, forwardTargets, type RouteContext } from './build-routes.ts';
import { intersectHosts, serverNamesOf } from './host-names.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { ModelServer, ModelTcpRule, ModelVirtualService } from './model.ts';
import type { FilterChainView } from './proxy-view.ts';
import { report } from './report.ts';

export interface TcpChainResult {
  /** None where nothing routes the server: its connections are closed, and the port with the last server. */
  readonly chains: readonly FilterChainView[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Candidate {
  readonly virtualService: ModelVirtualService;
  readonly rule: ModelTcpRule;
}

function firstRule(context: RouteContext, virtualService: ModelVirtualService): readonly Candidate[] {
  const rule = virtualService.tcp.find(
    ({ matches }) => matches.length === 0 || matches.some((match) => applies(context, match)),
  );
  return rule === undefined ? [] : [{ virtualService, rule }];
}

function shadowed({ virtualService, rule }: Candidate, winner: Candidate, server: ModelServer): Diagnostic {
  const { port, kind } = server;
  const where =
    kind === 'tcp'
      ? `Port ${port} is plaintext TCP, where nothing tells connections apart`
      : `TLS for ${server.hosts.map(({ host }) => host).join(', ')} on port ${port} leads to one place`;
  return report(virtualService.resource, {
    severity: 'error',
    code: 'TG0018',
    path: ['spec', 'tcp', rule.index],
    message: `${where}: ${formatResourceRef(winner.virtualService.ref)} comes first and gets all of them, this rule none.`,
    remedy: 'Give each TCP service a Gateway port of its own, or remove one of the two rules.',
  });
}

export function buildTcpChain(context: RouteContext, { gateway, server }: PlacedServer): TcpChainResult {
  const candidates = connectionServicesFor(context.model, gateway.key, context.proxyNamespace)
    .filter(({ namespace, hosts }) => intersectHosts(hostsForNamespace(server, namespace), hosts).length > 0)
    .flatMap((virtualService) => firstRule(context, virtualService));
  const [winner, ...losers] = candidates;
  if (winner === undefined) {
    const diagnostic = report(gateway.resource, {
      severity: 'warning',
      code: 'TG0025',
      path: [...server.path, 'port'],
      message: `No VirtualService has a tcp route for port ${server.port} and its hosts, so nothing answers there.`,
      remedy: `Add a VirtualService with a tcp rule that matches port ${server.port} and names this Gateway.`,
    });
    return { chains: [], diagnostics: [diagnostic] };
  }
  const { action } = winner.rule;
  const targets = action.kind === 'forward' ? forwardTargets(context, action) : undefined;
  return {
    chains: [
      {
        serverNames: server.kind === 'tls' ? serverNamesOf(server.hosts.map(({ host }) => host)) : [],
        plaintextOnly: false,
        tls: server.tls,
        network: { kind: 'tcp', targets, virtualService: winner.virtualService.ref },
      },
    ],
    diagnostics: losers.map((loser) => shadowed(loser, winner, server)),
  };
}
