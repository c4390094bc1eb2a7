// What a class of gateways logs: what Telemetry says of it, from the root namespace down to its own labels, else the mesh settings.
import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import type { TelemetryLogging } from '../resources/telemetry.ts';
import { expressionProblem } from './check-expression.ts';
import type { AccessLogSettings, MeshSettings } from './mesh-settings.ts';
import { type ProxyClass, selectorMatches } from './proxy-class.ts';
import { report } from './report.ts';

type Telemetry = Resource<'Telemetry'>;

export interface AccessLogView extends AccessLogSettings {
  /** In CEL; undefined logs everything. */
  readonly expression: string | undefined;
}

export interface AccessLogs {
  readonly logs: readonly AccessLogView[];
  /** Whose word it is. */
  readonly owners: readonly ResourceRef[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Of each level the oldest counts: mesh, namespace, labels. */
function levelsFor(
  telemetries: readonly Telemetry[],
  { rootNamespace }: MeshSettings,
  proxy: Pick<ProxyClass, 'namespace' | 'labels'>,
): readonly Telemetry[] {
  const own = telemetries.filter(({ spec }) => !spec.isForOthers);
  const hasSelector = ({ spec }: Telemetry): boolean => Object.keys(spec.selector).length > 0;
  const of = (namespace: string) => own.filter(({ metadata }) => metadata.namespace === namespace);
  const levels = [
    of(rootNamespace).find((one) => !hasSelector(one)),
    ...(proxy.namespace === rootNamespace ? [] : [of(proxy.namespace).find((one) => !hasSelector(one))]),
    of(proxy.namespace).find((one) => hasSelector(one) && selectorMatches(one.spec.selector, proxy.labels)),
  ];
  return levels.flatMap((level) => level ?? []);
}

/** The mesh's own log file, where nobody names providers. */
const meshLogs = ({ accessLog }: MeshSettings): readonly AccessLogView[] =>
  accessLog === undefined ? [] : [{ ...accessLog, expression: undefined }];

/**
 * Providers that the lowest level names are the ones in force; what is said of others above is void. An entry without
 * providers is about those of the entry before it (at first, the mesh's default ones).
 */
export function selectAccessLogs(
  telemetries: readonly Telemetry[],
  mesh: MeshSettings,
  proxy: Pick<ProxyClass, 'namespace' | 'labels'>,
): AccessLogs {
  const levels = levelsFor(telemetries, mesh, proxy).filter(({ spec }) => spec.accessLogging.length > 0);
  const owners = levels.map(resourceRef);
  const named = levels
    .map(({ spec }) => spec.accessLogging.flatMap((entry) => (entry.isForClients ? entry.providers : [])))
    .findLast((names) => names.length > 0);
  const inForce = new Set(named ?? mesh.defaultAccessLogProviders);
  const byProvider = new Map<string, AccessLogging>();
  if (levels.length === 0) for (const name of inForce) byProvider.set(name, { disabled: false, expression: undefined });
  let before = mesh.defaultAccessLogProviders;
  for (const level of levels)
    for (const { providers, isForClients, disabled, expression } of level.spec.accessLogging) {
      before = providers.length > 0 ? providers : before;
      if (!isForClients) continue;
      const usable = expression !== undefined && expressionProblem(expression) === undefined;
      for (const name of before)
        if (inForce.has(name)) byProvider.set(name, { disabled, expression: usable ? expression : undefined });
    }
  const known = [...byProvider].flatMap(([name, logging]) => {
    const provider = mesh.accessLogProviders.get(name);
    return provider === undefined ? [] : [{ name, provider, ...logging }];
  });
  const logs = known
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ provider, disabled, expression }) => (disabled ? [] : [{ ...provider, expression }]));
  const diagnostics = levels.flatMap((level) => checkLevel(level, mesh));
  return { logs: known.length === 0 ? meshLogs(mesh) : logs, owners, diagnostics };
}

type AccessLogging = Pick<TelemetryLogging, 'disabled' | 'expression'>;

function checkLevel(level: Telemetry, mesh: MeshSettings): readonly Diagnostic[] {
  return level.spec.accessLogging.flatMap(({ index, expression, providers }) => {
    const path = ['spec', 'accessLogging', index] as const;
    const problem = expression === undefined ? undefined : expressionProblem(expression);
    const unusable =
      problem === undefined
        ? []
        : report(level, {
            severity: 'error',
            code: 'IST0106',
            path: [...path, 'filter', 'expression'],
            message: `The expression cannot be used: ${problem}. Everything is logged instead.`,
            remedy: 'Correct it: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes.',
          });
    const unknown = providers
      .filter((name) => !mesh.accessLogProviders.has(name))
      .map((name) =>
        report(level, {
          severity: 'error',
          code: 'IST0101',
          path: [...path, 'providers'],
          message: `The mesh settings have no extensionProvider ${name} that writes access logs to a file, so it logs nothing.`,
          remedy: 'Add it to extensionProviders with envoyFileAccessLog, or use the built-in envoy.',
        }),
      );
    return [unusable, unknown].flat();
  });
}
