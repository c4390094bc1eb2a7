// One line of the port table: the way of a Gateway port from the node's address to the listener.
import type { ResourceRef } from '../../lib/diagnostic.ts';
import type { ServerProtocol } from '../resources/gateway.ts';

export interface PortRow {
  /** First half of the listener's name (`listenerName(bind, targetPort)`): `0.0.0.0`, or the Gateway's own `bind`. Several Gateway ports may share one listener. */
  readonly bind: string;
  /** `server.port.number`: the port people write in Gateways. */
  readonly gatewayPort: number;
  /** Of the server that owns the port. */
  readonly protocol: ServerProtocol;
  /** The Service that maps the port; undefined where none that selects the gateway has it. */
  readonly service: ResourceRef | undefined;
  readonly servicePort: number | undefined;
  /** Where the gateway's pod listens: the port in the listener's name. The Gateway port itself where no Service maps it. */
  readonly targetPort: number;
  readonly nodePort: number | undefined;
  /** What the listener really binds. On one machine: port map, else node port, else target port. */
  readonly bound: { readonly address: string; readonly port: number; readonly from: BoundFrom };
  /** False where nothing listens: no route on a TCP port, or a server that cannot be served. */
  readonly served: boolean;
  /** Gateways whose servers use the port, in order of precedence. */
  readonly owners: readonly ResourceRef[];
}

/** Which rule gave the bound port. */
export type BoundFrom = 'port-map' | 'node-port' | 'target-port';
