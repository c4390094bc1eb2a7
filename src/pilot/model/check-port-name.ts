// Ports of Services that HTTP routes go to, and whose name and appProtocol tell no protocol.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { isOfKind } from '../resources/resource.ts';
import type { ClusterView } from './proxy-view.ts';
import { report } from './report.ts';

export function checkPortName({ service, port }: ClusterView): readonly Diagnostic[] {
  if (!isOfKind(service.resource, 'Service') || port.protocol !== 'unknown' || port.name === '') return [];
  return [
    report(service.resource, {
      severity: 'info',
      code: 'IST0118',
      path: ['spec', 'ports', service.ports.indexOf(port), 'name'],
      message: `The port name ${port.name} does not tell the protocol, so the gateway speaks HTTP/1.1 to port ${port.port}.`,
      remedy: 'Begin the name with http, http2, grpc or tcp and a dash, or set appProtocol.',
    }),
  ];
}
