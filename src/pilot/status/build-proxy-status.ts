// One row of proxy-status: what pilot knows of a connected proxy, as plain data for the admin server and the CLI.
import type { ResourceRef } from '../../lib/diagnostic.ts';
import { findRejectedResources } from '../../xds/rejected-resources.ts';
import type { ResourceSet } from '../../xds/resource.ts';
import type { ConnectedProxy, SyncStatus } from '../../xds/server/xds-server.ts';
import { shortNames, typeUrls } from '../../xds/type-urls.ts';

export type ShortName = 'CDS' | 'EDS' | 'LDS' | 'SRDS' | 'RDS' | 'SDS';

export interface TypeSyncStatus {
  readonly status: SyncStatus;
  /** Milliseconds since the oldest unacknowledged response; 0 if nothing is outstanding. */
  readonly staleForMs: number;
  /** The data plane's own text of its last rejection. */
  readonly error?: string;
  /** The user's objects behind what was rejected. */
  readonly owners?: readonly ResourceRef[];
}

export interface ProxyStatus {
  readonly id: string;
  /** NAME.NAMESPACE. */
  readonly name: string;
  readonly dataPlane: 'envoy' | 'embedded';
  readonly version: string;
  readonly protocol: 'SotW' | 'delta';
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  readonly adminAddress?: string;
  readonly types: Readonly<Partial<Record<ShortName, TypeSyncStatus>>>;
}

export function buildProxyStatus(proxy: ConnectedProxy, intended: ResourceSet | undefined): ProxyStatus {
  const { node, types } = proxy;
  const rejections = new Map(findRejectedResources(types, intended).map((r) => [r.typeUrl, r]));
  // Few have scopes: where none were ever sent they are not spoken of.
  const shown = [...types].filter(([typeUrl, { status }]) => typeUrl !== typeUrls.scopedRoute || status !== 'NOT SENT');
  const rows = shown.map(([typeUrl, { status, staleForMs }]): [ShortName, TypeSyncStatus] => {
    const rejection = rejections.get(typeUrl);
    const why = rejection ? { error: rejection.error, owners: rejection.owners } : {};
    return [shortNames[typeUrl], { status, staleForMs, ...why }];
  });
  return {
    id: node.id,
    name: node.name,
    dataPlane: node.dataPlane,
    version: node.version,
    protocol: proxy.protocol,
    connectedAt: proxy.connectedAt,
    ...(node.adminAddress === undefined ? {} : { adminAddress: node.adminAddress }),
    types: Object.fromEntries(rows),
  };
}
