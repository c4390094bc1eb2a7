// Scoped routes as people know them: the route configurations of single hosts as the virtual hosts of their table.
import type { ConfigDumpView, DumpedResourceView } from '../main/run-options.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** What only the look-up by scopes needs: `tidegate.scoped_routes.…` in maps by name of a filter. */
function withoutLookUp(map: unknown): Json | undefined {
  if (!isObject(map)) return undefined;
  const kept = Object.entries(map).filter(([name]) => !name.startsWith('tidegate.scoped_routes.'));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function plainHost({ metadata, typedPerFilterConfig, ...host }: Json): Json {
  const filterMetadata = isObject(metadata) ? withoutLookUp(metadata.filterMetadata) : undefined;
  const perFilter = withoutLookUp(typedPerFilterConfig);
  return {
    ...host,
    ...(filterMetadata && { metadata: { filterMetadata } }),
    ...(perFilter && { typedPerFilterConfig: perFilter }),
  };
}

/** A virtual host of several domains stands in as many scopes. */
function joinDomains(hosts: readonly Json[]): readonly Json[] {
  const byName = new Map<string, { readonly host: Json; readonly domains: string[] }>();
  for (const host of hosts) {
    const name = String(host.name);
    const known = byName.get(name) ?? { host, domains: [] };
    known.domains.push(...(Array.isArray(host.domains) ? host.domains.map(String) : []));
    byName.set(name, known);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { host, domains }]) => ({ ...host, domains: domains.sort() }));
}

function fold(table: string, scopes: readonly DumpedResourceView[]): DumpedResourceView {
  const resources = scopes.map(({ resource }) => (isObject(resource) ? resource : {}));
  const { requestHeadersToRemove: _, ...first } = resources[0] ?? {};
  const virtualHosts = joinDomains(resources.flatMap((resource) => objects(resource.virtualHosts).map(plainHost)));
  const [{ version = '' } = {}] = scopes;
  return { name: table, version, resource: { ...first, name: table, virtualHosts } };
}

/** `http.80/shop.example.com` and its like become `http.80`; what only leads to wildcards is left out. */
export function foldScopes(routes: ConfigDumpView['RDS']): ConfigDumpView['RDS'] {
  const tableOf = ({ name }: DumpedResourceView): string => name.slice(0, Math.max(0, name.indexOf('/')));
  const scopes = Map.groupBy(
    routes.filter((one) => tableOf(one) !== ''),
    tableOf,
  );
  const folded = [...scopes].map(([table, own]) =>
    fold(
      table,
      own.filter(({ name }) => !name.startsWith(`${table}/?`)),
    ),
  );
  return [...routes.filter((one) => tableOf(one) === ''), ...folded].sort((a, b) => (a.name < b.name ? -1 : 1));
}
