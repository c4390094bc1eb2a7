// What one DestinationRule refers to: the Service, its ports, and the endpoints that its subsets choose.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { TrafficPolicy } from '../resources/destination-rule.ts';
import type { FieldPath, Resource } from '../resources/resource.ts';
import { resolveShortName } from './host-names.ts';
import type { Model, ModelService } from './model.ts';
import { selectorMatches } from './proxy-class.ts';
import { type Finding, report } from './report.ts';

function checkPorts(service: ModelService, policy: TrafficPolicy | undefined, path: FieldPath): readonly Finding[] {
  return (policy?.portLevelSettings ?? [])
    .filter(({ port }) => !service.ports.some((offered) => offered.port === port))
    .map(({ port }) => ({
      severity: 'warning',
      code: 'TG0023',
      path: [...path, 'portLevelSettings'],
      message: `Service ${service.host} has no TCP port ${port} (it has ${service.ports.map((one) => one.port).join(', ') || 'none'}), so these settings have no effect.`,
      remedy: 'Write the number of a port of the Service, not of its containers.',
    }));
}

/** A subset without endpoints answers 503, which is easily a spelling mistake in a label. */
function checkSubsets(service: ModelService, { spec }: Resource<'DestinationRule'>): readonly Finding[] {
  const endpoints = service.ports.flatMap((port) => port.endpoints);
  if (endpoints.length === 0) return [];
  return spec.subsets
    .filter(({ labels }) => !endpoints.some((endpoint) => selectorMatches(labels, endpoint.labels)))
    .map(({ name, index }) => ({
      severity: 'warning',
      code: 'TG0028',
      path: ['spec', 'subsets', index, 'labels'],
      message: `No ready endpoint of ${service.host} has these labels: requests to the subset ${name} are answered with 503.`,
      remedy: 'Compare them with the labels of the Pods; endpoints without a Pod have no labels.',
    }));
}

export function checkDestinationRule(
  services: Model['services'],
  rule: Resource<'DestinationRule'>,
): readonly Diagnostic[] {
  const host = resolveShortName(rule.spec.host, rule.metadata.namespace);
  if (host.startsWith('*')) return [];
  const service = services.get(host);
  const findings: readonly Finding[] =
    service === undefined || service.alias !== undefined
      ? [
          {
            severity: 'warning',
            code: 'IST0101',
            path: ['spec', 'host'],
            message: `There is no Service ${host}, so the rule has no effect.`,
            remedy: 'Create the Service, or correct the host: a name without a dot is a Service of the same namespace.',
          },
        ]
      : [
          ...checkPorts(service, rule.spec.trafficPolicy, ['spec', 'trafficPolicy']),
          ...rule.spec.subsets.flatMap(({ trafficPolicy, index }) =>
            checkPorts(service, trafficPolicy, ['spec', 'subsets', index, 'trafficPolicy']),
          ),
          ...checkSubsets(service, rule),
        ];
  return findings.map((finding) => report(rule, finding));
}
