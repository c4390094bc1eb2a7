// EndpointSlices whose addresses are names: they belong to a Service, and bring it nothing.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { Resource } from '../resources/resource.ts';
import { report } from './report.ts';

export function checkEndpointSlice(slice: Resource<'EndpointSlice'>): readonly Diagnostic[] {
  if (slice.spec.addressType !== 'FQDN' || slice.spec.serviceName === undefined) return [];
  return [
    report(slice, {
      severity: 'warning',
      code: 'TG0006',
      path: ['addressType'],
      message: `Addresses of type FQDN are not served (nor by Istio), so Service ${slice.spec.serviceName} gets no endpoints from here.`,
      remedy: 'Give IP addresses, with addressType IPv4 or IPv6.',
    }),
  ];
}
