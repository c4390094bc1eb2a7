// RouteConfiguration → RouteTable: virtual hosts with their domains and routes.

import {
  type VirtualHost as EnvoyVirtualHost,
  VirtualHost_TlsRequirementType as Requirement,
} from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import type { RouteConfiguration } from '../../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { convertHeaderMutations, headerChangeFields } from './convert-header-mutations.ts';
import { convertHostFilterConfig } from './convert-per-filter-config.ts';
import { convertRoute } from './convert-route.ts';
import type { MessageMutations, RouteTable, VirtualHost } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const tableFields = new Set([
  ...['name', 'virtualHosts', 'validateClusters', 'maxDirectResponseBodySizeBytes', 'ignorePortInHostMatching'],
  'metadata',
  ...headerChangeFields,
]);
const hostFields = new Set([
  ...['name', 'domains', 'routes', 'requireTls', 'includeRequestAttemptCount', 'retryPolicy', 'metadata'],
  ...headerChangeFields,
  'typedPerFilterConfig',
  // Statistics only.
  'virtualClusters',
]);

const envoysBodyLimit = 4096;

/** Of use only if the findings have no error. */
export function convertRouteTable(table: RouteConfiguration, version: string, findings: Findings): RouteTable {
  warnUnhandledFields(table, tableFields, findings);
  const bodyLimit = table.maxDirectResponseBodySizeBytes ?? envoysBodyLimit;
  const headers = convertHeaderMutations(table, 'RouteConfiguration', findings);
  const virtualHosts = table.virtualHosts.map((host, index) =>
    convertVirtualHost(
      host,
      { name: table.name, bodyLimit, headers },
      findings.within('RouteConfiguration', `VirtualHosts[${index}]`),
    ),
  );
  rejectDuplicateDomains(virtualHosts, table.name, findings);
  return { name: table.name, version, ignorePortInHostMatching: table.ignorePortInHostMatching, virtualHosts };
}

/** What virtual hosts take from their table. */
interface TableDefaults {
  readonly name: string;
  readonly bodyLimit: number;
  readonly headers: MessageMutations | undefined;
}

function convertVirtualHost(host: EnvoyVirtualHost, table: TableDefaults, findings: Findings): VirtualHost {
  warnUnhandledFields(host, hostFields, findings);
  if (host.name === '') findings.constraint('VirtualHost', 'Name', 'value length must be at least 1 characters');
  if (host.domains.length === 0) findings.constraint('VirtualHost', 'Domains', 'value must contain at least 1 item(s)');
  const where = `${table.name} ${host.name}`;
  const outerHeaders = [convertHeaderMutations(host, 'VirtualHost', findings), table.headers].flatMap(
    (one) => one ?? [],
  );
  const defaults = { retryPolicy: host.retryPolicy, maxDirectResponseBodySize: table.bodyLimit, outerHeaders };
  return {
    name: host.name,
    domains: host.domains.map((domain) => domain.toLowerCase()),
    routes: host.routes.flatMap(
      (route, index) =>
        convertRoute(
          route,
          { ...defaults, where: `${where} ${index}` },
          findings.within('VirtualHost', `Routes[${index}]`),
        ) ?? [],
    ),
    requireTls: requirement(host.requireTls),
    includeRequestAttemptCount: host.includeRequestAttemptCount,
    ...convertHostFilterConfig(host.typedPerFilterConfig, where, findings),
  };
}

function requirement(value: Requirement): VirtualHost['requireTls'] {
  if (value === Requirement.ALL) return 'ALL';
  return value === Requirement.EXTERNAL_ONLY ? 'EXTERNAL_ONLY' : 'NONE';
}

function rejectDuplicateDomains(hosts: readonly VirtualHost[], table: string, findings: Findings): void {
  const seen = new Set<string>();
  for (const domain of hosts.flatMap((host) => host.domains)) {
    if (!seen.has(domain)) seen.add(domain);
    else if (domain === '*') findings.reject(`Only a single wildcard domain is permitted in route ${table}`);
    else
      findings.reject(
        `Only unique values for domains are permitted. Duplicate entry of domain ${domain} in route ${table}`,
      );
  }
}
