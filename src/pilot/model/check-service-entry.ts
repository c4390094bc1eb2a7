// Hosts of ServiceEntries that stand for something else: a Service, or another ServiceEntry that comes first.
import { type Diagnostic, formatResourceRef } from '../../lib/diagnostic.ts';
import type { Resource } from '../resources/resource.ts';
import type { Model } from './model.ts';
import { report } from './report.ts';

export function checkServiceEntry(services: Model['services'], entry: Resource<'ServiceEntry'>): readonly Diagnostic[] {
  return entry.spec.hosts.flatMap((host) => {
    const service = services.get(host);
    if (service === undefined || service.resource === entry) return [];
    return [
      report(entry, {
        severity: 'warning',
        code: 'TG0029',
        path: ['spec', 'hosts'],
        message: `${formatResourceRef(service.ref)} stands for ${host} and comes first: this entry has no effect for it.`,
        remedy: 'Give each host to one object only.',
      }),
    ];
  });
}
