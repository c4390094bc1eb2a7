// Ports and Gateways behind the names of listeners and route tables: what patches are matched with.
import { listenerName } from '../../xds/resource-names.ts';
import type { ProxyView } from '../model/proxy-view.ts';
import { routeTableName } from '../translate/translate-route-table.ts';
import type { RouteTableIdentity } from './apply-route-patches.ts';
import type { ListenerIdentity } from './match-listener.ts';

export function listenerIdentities({ listeners }: ProxyView): ReadonlyMap<string, ListenerIdentity> {
  return new Map(
    listeners.map(({ bind, targetPort }) => {
      const name = listenerName(bind, targetPort);
      return [name, { name, port: targetPort }];
    }),
  );
}

export function routeTableIdentities({ routeTables, ports }: ProxyView): ReadonlyMap<string, RouteTableIdentity> {
  return new Map(
    routeTables.map(({ key }): [string, RouteTableIdentity] => {
      const name = routeTableName(key);
      if (key.kind === 'https') {
        const gateway = `${key.namespace}/${key.gateway}`;
        return [name, { name, ports: new Set([key.port]), portName: key.portName, gateway }];
      }
      const gatewayPorts = ports.filter(({ targetPort }) => targetPort === key.targetPort);
      const numbers = new Set(gatewayPorts.map(({ gatewayPort }) => gatewayPort));
      return [name, { name, ports: numbers, portName: undefined, gateway: undefined }];
    }),
  );
}
