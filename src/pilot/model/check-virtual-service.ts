// What one VirtualService refers to: Gateways, hosts on them, Services, ports. Everything is served as far as it can be.
import { type Diagnostic, formatResourceRef } from '../../lib/diagnostic.ts';
import { type FieldPath, isOfKind } from '../resources/resource.ts';
import { hostsForNamespace } from './build-route-table.ts';
import { matchTakesAll } from './build-routes.ts';
import { checkClientChosen } from './check-client-chosen.ts';
import { intersectHosts, resolveGatewayName } from './host-names.ts';
import type {
  DestinationName,
  Model,
  ModelGateway,
  ModelHttpAction,
  ModelService,
  ModelVirtualService,
} from './model.ts';
import { type Finding, report } from './report.ts';
import { resolveDestination } from './resolve-destination.ts';
import { selectDestinationRule, type Viewer } from './select-destination-rule.ts';

function checkGateways(model: Model, virtualService: ModelVirtualService): readonly Finding[] {
  const { resource, namespace } = virtualService;
  if (!isOfKind(resource, 'VirtualService')) return [];
  return resource.spec.gateways.flatMap((text, i): readonly Finding[] => {
    const key = resolveGatewayName(text, namespace);
    if (key === 'mesh' || model.gatewaysByKey.has(key)) return [];
    return [
      {
        severity: 'error',
        code: 'IST0101',
        path: ['spec', 'gateways', i],
        message: `There is no Gateway ${key}, so these routes are not served through it.`,
        remedy: 'Create the Gateway, or correct the name: name, namespace/name or name.namespace.svc.cluster.local.',
      },
    ];
  });
}

function checkHosts(virtualService: ModelVirtualService, gateways: readonly ModelGateway[]): readonly Finding[] {
  if (virtualService.http.length === 0 || gateways.length === 0) return [];
  const servers = gateways.flatMap(({ servers }) => servers).filter(({ kind }) => kind === 'http' || kind === 'https');
  const offered = servers.map((server) => hostsForNamespace(server, virtualService.namespace));
  return virtualService.hosts
    .filter((host) => offered.every((hosts) => intersectHosts(hosts, [host]).length === 0))
    .map((host) => ({
      severity: 'warning',
      code: 'IST0132',
      path: ['spec', 'hosts'],
      message: `The host ${host} is on no HTTP server of Gateway ${virtualService.gateways.join(', ')} that namespace ${virtualService.namespace} may use, so requests for it get 404.`,
      remedy: 'Add the host to a server of the Gateway, or correct it here.',
    }));
}

/** A Service that stands for itself has no end to follow. */
function missingService(model: Model, host: string, target: string): string {
  if (model.services.get(target)?.alias !== undefined)
    return `The ExternalName Services that ${host} leads to name each other in a circle`;
  return host === target
    ? `There is no Service ${target}`
    : `There is no Service ${target}, which ${host} is an ExternalName for`;
}

/** Each gateway follows one rule for a host: the subset has to be in that one. */
function subsetFinding(
  { model, gateways }: Context,
  service: ModelService,
  subset: string,
  path: FieldPath,
  consequence: string,
): Finding | undefined {
  if (subset === '') return undefined;
  const rules = gateways.map((gateway) => selectDestinationRule(model, service, gateway));
  const lacking = rules.findIndex((rule) => rule?.subsets.every(({ name }) => name !== subset) ?? true);
  if (lacking < 0) return undefined;
  const [source] = rules[lacking]?.sources ?? [];
  return {
    severity: 'error',
    code: 'IST0101',
    path: [...path, 'subset'],
    message:
      source === undefined
        ? `No DestinationRule gives ${service.host} subsets: ${consequence}.`
        : `${formatResourceRef(source)}, which is in force for ${service.host}, has no subset ${subset}: ${consequence}.`,
    remedy: 'Add the subset to the DestinationRule for this host, or correct the name.',
  };
}

/** `consequence` completes "…: ". */
function destinationFinding(
  context: Context,
  destination: DestinationName,
  path: FieldPath,
  consequence: string,
): Finding | undefined {
  const { model } = context;
  const { target, service, port } = resolveDestination(model.services, destination, 0, undefined);
  if (service === undefined)
    return {
      severity: 'error',
      code: 'IST0101',
      path: [...path, 'host'],
      message: `${missingService(model, destination.host, target.host)}: ${consequence}.`,
      remedy: 'Create the Service, or correct the host: a name without a dot is a Service of the same namespace.',
    };
  if (port !== undefined) return subsetFinding(context, service, target.subset, path, consequence);
  const offered = service.ports.map((candidate) => candidate.port).join(', ') || 'none';
  if (destination.port === undefined)
    return {
      severity: 'warning',
      code: 'TG0023',
      path,
      message: `No port is given and Service ${target.host} has not exactly one TCP port (${offered}), so the Gateway's own port number is used: where the Service lacks it, ${consequence}.`,
      remedy: 'Set destination.port.number to one of the ports of the Service.',
    };
  return {
    severity: 'error',
    code: 'TG0023',
    path: [...path, 'port'],
    message: `Service ${target.host} has no TCP port ${destination.port} (it has ${offered}): ${consequence}.`,
    remedy: 'Set destination.port.number to one of the ports of the Service.',
  };
}

function checkAction(
  context: Context,
  action: ModelHttpAction,
  path: FieldPath,
  consequence: string,
): readonly Finding[] {
  if (action.kind !== 'forward') return [];
  return action.destinations.flatMap((destination) => {
    const field = [...path, 'route', destination.index, 'destination'];
    const finding = destinationFinding(context, destination, field, consequence);
    return finding === undefined ? [] : [finding];
  });
}

/** Rules behind one that takes every request on every port and Gateway. */
function checkReachable(virtualService: ModelVirtualService): readonly Finding[] {
  const all = virtualService.http.findIndex(
    ({ matches, action }) => action.kind !== 'delegate' && matches.some(matchTakesAll),
  );
  if (all < 0) return [];
  return virtualService.http.slice(all + 1).map(({ index }) => ({
    severity: 'warning',
    code: 'IST0130',
    path: ['spec', 'http', index],
    message: `This rule is never reached: http[${virtualService.http[all]?.index ?? 0}] takes every request.`,
    remedy: 'Move the rule without a match, or with prefix /, to the end.',
  }));
}

interface Context {
  readonly model: Model;
  /** Those that the Gateways ask for. */
  readonly gateways: readonly Viewer[];
}

export function checkVirtualService(context: Context, virtualService: ModelVirtualService): readonly Diagnostic[] {
  const { model } = context;
  const isDelegate = virtualService.hosts.length === 0;
  if (virtualService.gateways.length === 0 && !isDelegate) return [];
  const gateways = virtualService.gateways.flatMap((key) => model.gatewaysByKey.get(key) ?? []);
  const findings = [
    ...(isDelegate ? [] : checkGateways(model, virtualService)),
    ...checkHosts(virtualService, gateways),
    ...checkReachable(virtualService),
    ...checkClientChosen(model, virtualService),
    ...virtualService.http.flatMap(({ action, index }) =>
      checkAction(context, action, ['spec', 'http', index], 'requests to it are answered with 503'),
    ),
    ...virtualService.http.flatMap(({ mirrors, index }) =>
      (mirrors ?? []).flatMap((mirror) => {
        const path = ['spec', 'http', index, ...mirror.path];
        return destinationFinding(context, mirror, path, 'no copy of requests is sent') ?? [];
      }),
    ),
    ...virtualService.tls.flatMap(({ action, index }) =>
      checkAction(context, action, ['spec', 'tls', index], 'connections to it are closed'),
    ),
    ...virtualService.tcp.flatMap(({ action, index }) =>
      checkAction(context, action, ['spec', 'tcp', index], 'connections to it are closed'),
    ),
  ];
  return findings.map((finding) => report(virtualService.resource, finding));
}
