// Rows for people out of a proxy's configuration: one line per filter chain, route, cluster, endpoint or secret.
import { X509Certificate } from 'node:crypto';
import type { ConfigDumpView, DumpType } from '../main/run-options.ts';
import { child, listAt, textAt } from './json-path.ts';

export interface Summary {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const orDash = (text: string): string => (text === '' ? '-' : text);

function weightedTarget(entries: readonly unknown[]): string {
  return entries.map((entry) => `${textAt(entry, 'name')} (${textAt(entry, 'weight') || '0'})`).join(', ');
}

function chainTarget(chain: unknown): string {
  const filter = child(listAt(chain, 'filters').at(-1), 'typedConfig');
  const routes = textAt(filter, 'rds', 'routeConfigName');
  if (routes !== '') return `Route: ${routes}`;
  const weighted = listAt(filter, 'weightedClusters', 'clusters');
  return weighted.length > 0 ? `Cluster: ${weightedTarget(weighted)}` : `Cluster: ${textAt(filter, 'cluster')}`;
}

function chainMatch(chain: unknown): string {
  const names = listAt(chain, 'filterChainMatch', 'serverNames').join(', ');
  const tls = child(chain, 'transportSocket') === undefined ? '' : 'TLS';
  return [names === '' ? 'ALL' : `SNI: ${names}`, tls].filter((part) => part !== '').join(' ');
}

function summarizeListeners(dump: ConfigDumpView): Summary {
  const rows = dump.LDS.flatMap(({ name, resource }) => {
    const address = textAt(resource, 'address', 'socketAddress', 'address');
    const port = textAt(resource, 'address', 'socketAddress', 'portValue');
    const last = child(resource, 'defaultFilterChain');
    const chains = [...listAt(resource, 'filterChains'), ...(last === undefined ? [] : [last])];
    return chains.map((chain) => [name, `${address}:${port}`, chainMatch(chain), chainTarget(chain)]);
  });
  return { headings: ['NAME', 'ADDRESS', 'MATCH', 'DESTINATION'], rows };
}

function pathMatch(match: unknown): string {
  for (const [field, mark] of [
    ['path', ''],
    ['prefix', '*'],
    ['pathSeparatedPrefix', '/*'],
  ] as const) {
    const value = textAt(match, field);
    if (value !== '') return `${value}${mark}`;
  }
  const regex = textAt(match, 'safeRegex', 'regex');
  return regex === '' ? '' : `regex ${regex}`;
}

function routeTarget(route: unknown): string {
  const cluster = textAt(route, 'route', 'cluster');
  if (cluster !== '') return cluster;
  const weighted = listAt(route, 'route', 'weightedClusters', 'clusters');
  if (weighted.length > 0) return weightedTarget(weighted);
  const status = textAt(route, 'directResponse', 'status');
  if (status !== '') return `status ${status}`;
  return child(route, 'redirect') === undefined ? '-' : 'redirect';
}

/** `/apis/networking.istio.io/v1/namespaces/default/virtual-service/counter` → `counter.default`. */
function routeOwner(route: unknown): string {
  const path = textAt(route, 'metadata', 'filterMetadata', 'istio', 'config');
  const [, namespace, name] = /\/namespaces\/([^/]+)\/[^/]+\/([^/]+)$/.exec(path) ?? [];
  return namespace && name ? `${name}.${namespace}` : '-';
}

function summarizeRoutes(dump: ConfigDumpView): Summary {
  const rows = dump.RDS.flatMap(({ name, resource }) =>
    listAt(resource, 'virtualHosts').flatMap((host) => {
      const base = [name, textAt(host, 'name'), listAt(host, 'domains').join(', ')];
      const routes = listAt(host, 'routes');
      if (routes.length === 0) return [[...base, '-', 'status 404', '-']];
      return routes.map((route) => [
        ...base,
        orDash(pathMatch(child(route, 'match'))),
        routeTarget(route),
        routeOwner(route),
      ]);
    }),
  );
  return { headings: ['NAME', 'VIRTUAL HOST', 'DOMAINS', 'MATCH', 'TARGET', 'VIRTUAL SERVICE'], rows };
}

function summarizeClusters(dump: ConfigDumpView): Summary {
  const rows = dump.CDS.map(({ name, resource }) => {
    const [, port, subset, host] = name.split('|');
    return [
      host ?? name,
      orDash(port ?? ''),
      orDash(subset ?? ''),
      textAt(resource, 'type') || 'STATIC',
      textAt(resource, 'lbPolicy') || 'ROUND_ROBIN',
    ];
  });
  return { headings: ['SERVICE', 'PORT', 'SUBSET', 'TYPE', 'BALANCING'], rows };
}

function summarizeEndpoints(dump: ConfigDumpView): Summary {
  const rows = dump.EDS.flatMap(({ name, resource }) =>
    listAt(resource, 'endpoints').flatMap((locality) =>
      listAt(locality, 'lbEndpoints').map((endpoint) => {
        const address = child(endpoint, 'endpoint', 'address', 'socketAddress');
        const place = [textAt(locality, 'locality', 'region'), textAt(locality, 'locality', 'zone')]
          .filter((part) => part !== '')
          .join('/');
        return [
          `${textAt(address, 'address')}:${textAt(address, 'portValue')}`,
          textAt(endpoint, 'healthStatus') || 'UNKNOWN',
          orDash(place),
          name,
        ];
      }),
    ),
  );
  return { headings: ['ENDPOINT', 'HEALTH', 'LOCALITY', 'CLUSTER'], rows };
}

/** Certificates are public: what a client sees in the handshake anyway. */
function certificateCells(pem: string): readonly string[] {
  try {
    const certificate = new X509Certificate(pem);
    const isValid =
      certificate.validFromDate.getTime() <= Date.now() && Date.now() <= certificate.validToDate.getTime();
    return [
      isValid ? 'yes' : 'NO',
      certificate.serialNumber.toLowerCase(),
      certificate.validFromDate.toISOString(),
      certificate.validToDate.toISOString(),
    ];
  } catch {
    return ['-', '-', '-', '-'];
  }
}

function inlineText(source: unknown): string {
  const bytes = textAt(source, 'inlineBytes');
  return bytes === '' ? textAt(source, 'inlineString') : Buffer.from(bytes, 'base64').toString('utf8');
}

function summarizeSecrets(dump: ConfigDumpView): Summary {
  const rows = dump.SDS.map(({ name, resource }) => {
    const isRoot = child(resource, 'validationContext') !== undefined;
    const pem = inlineText(
      isRoot
        ? child(resource, 'validationContext', 'trustedCa')
        : child(resource, 'tlsCertificate', 'certificateChain'),
    );
    return [name, isRoot ? 'CA' : 'Cert Chain', ...certificateCells(pem)];
  });
  return { headings: ['NAME', 'TYPE', 'VALID', 'SERIAL', 'NOT BEFORE', 'NOT AFTER'], rows };
}

const summaries: Readonly<Record<DumpType, (dump: ConfigDumpView) => Summary>> = {
  LDS: summarizeListeners,
  RDS: summarizeRoutes,
  CDS: summarizeClusters,
  EDS: summarizeEndpoints,
  SDS: summarizeSecrets,
};

export function summarizeConfig(dump: ConfigDumpView, type: DumpType): Summary {
  return summaries[type](dump);
}
