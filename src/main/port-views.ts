// The port table as people see it: pilot's rows, and what the data plane says of its listeners.
import type { PortView } from '../admin/views.ts';
import type { BoundListener } from '../gateway/data-plane.ts';
import type { PortRow } from '../pilot/model/port-row.ts';
import { listenerName } from '../xds/resource-names.ts';

/** As intended: nobody was asked who listens. */
export function intendedPorts(rows: readonly PortRow[]): readonly PortView[] {
  return rows.map((row) => ({
    listener: listenerName(row.bind, row.targetPort),
    gatewayPort: row.gatewayPort,
    protocol: row.protocol,
    service: row.service ?? null,
    servicePort: row.servicePort ?? null,
    targetPort: row.targetPort,
    nodePort: row.nodePort ?? null,
    address: row.bound.address,
    port: row.bound.port,
    from: row.bound.from,
    gateways: row.owners,
    state: row.served ? 'unknown' : 'not served',
    dataPlane: null,
    error: null,
  }));
}

/** A listener the data plane does not have yet is on its way: pilot has sent it, or is about to. */
export function observedPorts(
  ports: readonly PortView[],
  listeners: readonly BoundListener[],
  dataPlane: 'envoy' | 'embedded',
): readonly PortView[] {
  const byName = new Map(listeners.map((listener) => [listener.name, listener]));
  return ports.map((port) => {
    if (port.state === 'not served') return port;
    const listener = byName.get(port.listener);
    return { ...port, dataPlane, state: listener?.state ?? 'warming', error: listener?.error ?? null };
  });
}

/** Where pilot's rows are not known (a gateway alone): what listens, without the way there. */
export function listenersAsPorts(
  listeners: readonly BoundListener[],
  dataPlane: 'envoy' | 'embedded',
): readonly PortView[] {
  return listeners.map((listener) => ({
    listener: listener.name,
    gatewayPort: null,
    protocol: null,
    service: null,
    servicePort: null,
    targetPort: null,
    nodePort: null,
    address: listener.address,
    port: listener.port,
    from: null,
    gateways: [],
    state: listener.state,
    dataPlane,
    error: listener.error ?? null,
  }));
}
