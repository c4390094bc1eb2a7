// A route table → RouteConfiguration: one virtual host per set of hosts, sorted by name.
import { isDeepStrictEqual } from 'node:util';
import { create, toBinary } from '@bufbuild/protobuf';
import { formatResourceRef, type ResourceRef } from '../../lib/diagnostic.ts';
import {
  type Derived,
  deriveIndex,
  deriveSorted,
  deriveValues,
  type Recalled,
  recall,
  type Sorted,
} from '../../lib/incremental/derive.ts';
import type { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import {
  type VirtualHost,
  VirtualHost_TlsRequirementType,
  VirtualHostSchema,
} from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { type ResourceReference, versionOf, type XdsResource } from '../../xds/resource.ts';
import { blackHoleVirtualHostName, httpRouteName, httpsRouteName, virtualHostName } from '../../xds/resource-names.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import { encodeWire, wireMessage } from '../../xds/wire.ts';
import type { ProxyHeaders } from '../model/proxy-config.ts';
import type { ForwardTargets, RouteTableKey, RouteTableView, VirtualHostView } from '../model/proxy-view.ts';
import { limitsOf } from './filters/local-rate-limit.ts';
import { targetName, translateRoute } from './translate-route.ts';

export function routeTableName(key: RouteTableKey): string {
  return key.kind === 'http' ? httpRouteName(key.targetPort, key.bind) : httpsRouteName(key);
}

/** One virtual host as it travels in its table. */
export interface EncodedVirtualHost {
  readonly name: string;
  readonly domains: readonly string[];
  /** Without the domains. */
  readonly bytes: Uint8Array;
  /** Hash of bytes and domains. */
  readonly version: string;
  /** Where its routes lead, whether it exists or not. */
  readonly clusters: readonly string[];
  readonly owners: readonly ResourceRef[];
}

function encode(message: VirtualHost, clusters: readonly string[], owners: readonly ResourceRef[]): EncodedVirtualHost {
  const { name, domains } = message;
  const bytes = toBinary(VirtualHostSchema, { ...message, domains: [] });
  return { name, domains, bytes, version: `${versionOf(bytes)} ${versionOf(domains.join())}`, clusters, owners };
}

function encodeVirtualHost(
  view: VirtualHostView,
  headers: ProxyHeaders,
  before: EncodedVirtualHost | undefined,
): EncodedVirtualHost {
  const clusters = new Set(
    view.routes.flatMap(({ action }) => (action.kind === 'forward' ? targetNames(action.targets) : [])),
  );
  const made = encode(
    translateVirtualHost(view, headers),
    [...clusters],
    uniqueRefs(view.routes.map(({ owner }) => owner)),
  );
  const isSame =
    before?.version === made.version &&
    isDeepStrictEqual([before.clusters, before.owners], [made.clusters, made.owners]);
  return isSame ? before : made;
}

const uniqueRefs = (refs: readonly ResourceRef[]): readonly ResourceRef[] => [
  ...new Map(refs.map((ref) => [formatResourceRef(ref), ref])).values(),
];

function translateVirtualHost(view: VirtualHostView, headers: ProxyHeaders): VirtualHost {
  const [first = '*'] = view.domains;
  return create(VirtualHostSchema, {
    name: virtualHostName(first, view.port),
    domains: [...view.domains],
    routes: view.routes.map((route) => translateRoute(route, headers.xForwardedHost)),
    includeRequestAttemptCount: headers.attemptCount,
    typedPerFilterConfig: limitsOf(view.rateLimits),
    requireTls: view.httpsRedirect ? VirtualHost_TlsRequirementType.ALL : VirtualHost_TlsRequirementType.NONE,
  });
}

/** Answers 404 for every host, where there is no other virtual host. */
const blackHole = (port: number): VirtualHost =>
  create(VirtualHostSchema, { name: blackHoleVirtualHostName(port), domains: ['*'] });

/** Its client has the host on a connection that is for another: on one of its own it will be served. */
const misdirected = ({ port, misdirected: domains }: RouteTableView): VirtualHost =>
  create(VirtualHostSchema, {
    name: `misdirected:${port}`,
    domains: [...domains],
    routes: [
      {
        name: 'misdirected',
        match: { pathSpecifier: { case: 'prefix', value: '/' } },
        action: { case: 'directResponse', value: { status: 421 } },
      },
    ],
  });

/** Those that no VirtualService is behind. */
function otherVirtualHosts(table: RouteTableView): readonly VirtualHost[] {
  const { virtualHosts, unrouted } = table;
  if (virtualHosts.size + table.misdirected.length === 0) return [blackHole(table.port)];
  return [
    ...(unrouted.length === 0 ? [] : [{ ...blackHole(table.port), domains: [...unrouted] }]),
    ...(table.misdirected.length === 0 ? [] : [misdirected(table)]),
  ];
}

export const targetNames = (targets: ForwardTargets): readonly string[] =>
  targets.kind === 'single' ? [targetName(targets.target)] : targets.targets.map(targetName);

const byName = (a: EncodedVirtualHost, b: EncodedVirtualHost): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** Fields of its own, without virtual hosts. `removed`: headers that no endpoint gets. */
export const encodeTable = (name: string, removed: readonly string[] = []): Uint8Array =>
  toBinary(
    RouteConfigurationSchema,
    create(RouteConfigurationSchema, {
      name,
      validateClusters: false,
      maxDirectResponseBodySizeBytes: 1024 * 1024,
      // Clients come through node ports and write them into Host.
      ignorePortInHostMatching: true,
      requestHeadersToRemove: [...removed],
    }),
  );

/** A table's virtual hosts as they travel, in one RouteConfiguration or in many: one that stays the same is not encoded again. */
export interface EncodedTable {
  readonly encoded: Derived<VirtualHostView, EncodedVirtualHost>;
  readonly others: Recalled<readonly EncodedVirtualHost[]>;
  readonly headers: ProxyHeaders;
}

export function encodeRouteTable(
  previous: EncodedTable | undefined,
  table: RouteTableView,
  headers: ProxyHeaders,
): EncodedTable {
  const known = previous?.headers === headers ? previous : undefined;
  const encoded = deriveValues(known?.encoded, table.virtualHosts, (view, _key, before) =>
    encodeVirtualHost(view, headers, before),
  );
  const isEmpty = table.virtualHosts.size === 0;
  const others = recall(known?.others, [isEmpty, table.misdirected, table.unrouted, table.port], () =>
    otherVirtualHosts(table).map((message) => encode(message, [], [])),
  );
  return { encoded, others, headers };
}

/** A table, and what it was made of. */
export interface TranslatedTable {
  readonly resource: Recalled<XdsResource>;
  readonly inOrder: Sorted<EncodedVirtualHost>;
  readonly byCluster: Derived<EncodedVirtualHost, PersistentMap<EncodedVirtualHost>>;
  readonly clusters: Derived<PersistentMap<EncodedVirtualHost>, true>;
  readonly references: Recalled<readonly ResourceReference[]>;
}

/** Field of RouteConfiguration. */
export const virtualHostsField = 2;
/** Field of VirtualHost. */
const domainsField = 2;

const wireVirtualHost = ({ domains, bytes }: EncodedVirtualHost): Uint8Array =>
  Buffer.concat([bytes, encodeWire(wireMessage(domains.map((domain) => [domainsField, domain])))]);

/**
 * `exists` has the names of clusters that are there: a route to another one answers 503, and must not be waited for. The bytes
 * are spliced of those of the virtual hosts, and so is the version.
 */
export function translateRouteTable(
  previous: TranslatedTable | undefined,
  table: RouteTableView,
  { encoded, others }: EncodedTable,
  exists: PersistentMap<unknown>,
): TranslatedTable {
  const inOrder = deriveSorted(previous?.inOrder, encoded.output, byName);
  const byCluster = deriveIndex(previous?.byCluster, encoded.output, ({ clusters }) => clusters);
  const clusters = deriveValues(previous?.clusters, byCluster.output, () => true as const);
  const references = recall(previous?.references, [clusters.output, exists], () =>
    [...clusters.output.keys()]
      .filter((cluster) => exists.has(cluster))
      .sort()
      .map((cluster) => ({ typeUrl: typeUrls.cluster, name: cluster })),
  );
  const resource = recall(
    previous?.resource,
    [inOrder.output, others.value, references.value, table.owners],
    (): XdsResource => {
      const name = routeTableName(table.key);
      const virtualHosts = [...inOrder.output, ...others.value].sort(byName);
      const fields = virtualHosts.map((one) => [virtualHostsField, wireVirtualHost(one)] as const);
      return {
        typeUrl: typeUrls.route,
        name,
        version: versionOf(virtualHosts.map(({ version }) => version).join()),
        bytes: Buffer.concat([encodeTable(name), encodeWire(wireMessage(fields))]),
        references: references.value,
        // Asked for when something is rejected only.
        get owners() {
          const all = uniqueRefs([...table.owners, ...virtualHosts.flatMap(({ owners }) => owners)]);
          return all.toSorted((a, b) => (formatResourceRef(a) < formatResourceRef(b) ? -1 : 1));
        },
      };
    },
  );
  return { resource, inOrder, byCluster, clusters, references };
}
