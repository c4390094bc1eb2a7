// The one route of a plaintext TCP port: without SNI nothing tells connections apart, so the first that applies takes all.
import { type Diagnostic, formatResourceRef } from '../../lib/diagnostic.ts';
import { virtualServicesFor } from './build-route-table.ts';
import { applies, forwardTargets, type RouteContext } from './build-routes.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { ModelTcpRule, ModelVirtualService } from './model.ts';
import type { FilterChainView } from './proxy-view.ts';
import { report } from './report.ts';

export interface TcpChainResult {
  /** Undefined where nothing routes the port: it stays closed. */
  readonly chain: FilterChainView | undefined;
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

function shadowed({ virtualService, rule }: Candidate, winner: Candidate, port: number): Diagnostic {
  return report(virtualService.resource, {
    severity: 'error',
    code: 'TG0018',
    path: ['spec', 'tcp', rule.index],
    message: `Port ${port} is plaintext TCP, where nothing tells connections apart: ${formatResourceRef(winner.virtualService.ref)} comes first and gets all of them, this rule none.`,
    remedy: 'Give each TCP service a Gateway port of its own, or remove one of the two rules.',
  });
}

export function buildTcpChain(context: RouteContext, { gateway, server }: PlacedServer): TcpChainResult {
  const candidates = virtualServicesFor(context.model, gateway.key, context.proxyNamespace).flatMap((virtualService) =>
    firstRule(context, virtualService),
  );
  const [winner, ...losers] = candidates;
  if (winner === undefined) {
    const diagnostic = report(gateway.resource, {
      severity: 'warning',
      code: 'TG0025',
      path: ['spec', 'servers', server.index, 'port'],
      message: `No VirtualService has a tcp route for port ${server.port}, so the port stays closed.`,
      remedy: `Add a VirtualService with a tcp rule that matches port ${server.port} and names this Gateway.`,
    });
    return { chain: undefined, diagnostics: [diagnostic] };
  }
  const { action } = winner.rule;
  const targets = action.kind === 'forward' ? forwardTargets(context, action) : undefined;
  return {
    chain: {
      serverNames: [],
      plaintextOnly: false,
      certificate: undefined,
      network: { kind: 'tcp', targets, virtualService: winner.virtualService.ref },
    },
    diagnostics: losers.map((loser) => shadowed(loser, winner, server.port)),
  };
}
