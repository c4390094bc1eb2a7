// Destinations whose address is the client's to say: what that comes to at a gateway, where anybody is a client.
import type { FieldPath } from '../resources/resource.ts';
import type { Model, ModelHttpRule, ModelService, ModelTlsRule, ModelVirtualService } from './model.ts';
import type { Finding } from './report.ts';
import { resolveDestination } from './resolve-destination.ts';

const isBelow = (host: string, wildcard: string): boolean => host.endsWith(wildcard.slice(1));

/** Of names that clients give: those that nobody meant, whose addresses may be the gateway's own network. */
function httpFinding(
  virtualService: ModelVirtualService,
  { rewrite }: ModelHttpRule,
  { host }: ModelService,
  path: FieldPath,
): Finding | undefined {
  const other = virtualService.hosts.find((one) => !isBelow(one, host));
  if (other === undefined || rewrite?.authority !== undefined) return undefined;
  return {
    severity: 'warning',
    code: 'TG0039',
    path,
    message: `Clients choose the name and the port, and requests for ${other} need not be for a name below ${host}: they lead to whatever host they name, addresses of the gateway's own network included.`,
    remedy: `Give the VirtualService hosts like ${host} only, or set rewrite.authority.`,
  };
}

const tlsFinding = ({ host }: ModelService, path: FieldPath): Finding => ({
  severity: 'warning',
  code: 'TG0039',
  path,
  message: `Connections lead to port 80 of the name that clients send as SNI, as with Istio's gateways, though ${host} is spoken to in TLS.`,
  remedy: 'Use a ServiceEntry with resolution DNS for each name.',
});

const nobody = (path: FieldPath): Finding => ({
  severity: 'warning',
  code: 'TG0039',
  path,
  message:
    'Resolution NONE leads to the address that clients connect to, which is the gateway itself: it has no endpoints, and requests are answered with 503.',
  remedy: 'Use resolution DNS, or DYNAMIC_DNS for a wildcard.',
});

export function checkClientChosen(model: Model, virtualService: ModelVirtualService): readonly Finding[] {
  const check = (
    { action }: ModelHttpRule | ModelTlsRule,
    path: FieldPath,
    named: (service: ModelService, field: FieldPath) => Finding | undefined,
  ): readonly Finding[] => {
    if (action.kind !== 'forward') return [];
    return action.destinations.flatMap((destination) => {
      const { service } = resolveDestination(model.services, destination, 0, undefined);
      const field = [...path, 'route', destination.index, 'destination', 'host'];
      if (service?.discovery === 'named by requests') return named(service, field) ?? [];
      const entry = service?.resource.kind === 'ServiceEntry' ? service.resource : undefined;
      return entry?.spec.resolution === 'NONE' && service?.ports.every(({ endpoints }) => endpoints.length === 0)
        ? nobody(field)
        : [];
    });
  };
  return [
    ...virtualService.http.flatMap((rule) =>
      check(rule, rule.path, (service, field) => httpFinding(virtualService, rule, service, field)),
    ),
    ...virtualService.tls.flatMap((rule) => check(rule, ['spec', 'tls', rule.index], tlsFinding)),
  ];
}
