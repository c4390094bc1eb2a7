// What a class of gateways logs: what Telemetry says of it, from the root namespace down to its own labels, else the mesh settings.
import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import { expressionProblem } from './check-expression.ts';
import { type AccessLogSettings, type MeshSettings, rootNamespace } from './mesh-settings.ts';
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

export function selectAccessLogs(
  telemetries: readonly Telemetry[],
  mesh: MeshSettings,
  proxy: Pick<ProxyClass, 'namespace' | 'labels'>,
): AccessLogs {
  const diagnostics: Diagnostic[] = [];
  const levels = levelsFor(telemetries, proxy).filter(({ spec }) => spec.accessLogging.length > 0);
  if (levels.length === 0) {
    const { accessLog, defaultAccessLogProviders, accessLogProviders } = mesh;
    const usual = defaultAccessLogProviders.flatMap((name) => accessLogProviders.get(name) ?? []);
    const logs = [...(accessLog === undefined ? [] : [accessLog]), ...usual];
    return { logs: logs.map((log) => ({ ...log, expression: undefined })), owners: [], diagnostics };
  }
  // A later level speaks for its providers only.
  const byProvider = new Map<string, AccessLogView | undefined>();
  for (const level of levels)
    for (const logging of level.spec.accessLogging) {
      if (!logging.isForClients) continue;
      const { expression } = logging;
      const problem = expression === undefined ? undefined : expressionProblem(expression);
      const path = ['spec', 'accessLogging', logging.index] as const;
      if (problem !== undefined)
        diagnostics.push(
          report(level, {
            severity: 'error',
            code: 'IST0106',
            path: [...path, 'filter', 'expression'],
            message: `The expression cannot be used: ${problem}. Everything is logged instead.`,
            remedy: 'Correct it: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes.',
          }),
        );
      const names = logging.providers.length > 0 ? logging.providers : mesh.defaultAccessLogProviders;
      for (const name of names) {
        const provider = mesh.accessLogProviders.get(name);
        if (provider === undefined)
          diagnostics.push(
            report(level, {
              severity: 'error',
              code: 'IST0101',
              path: [...path, 'providers'],
              message: `The mesh settings have no extensionProvider ${name} that writes access logs to a file, so it logs nothing.`,
              remedy: 'Add it to extensionProviders with envoyFileAccessLog, or use the built-in envoy.',
            }),
          );
        const usable = problem === undefined ? expression : undefined;
        byProvider.set(
          name,
          logging.disabled || provider === undefined ? undefined : { ...provider, expression: usable },
        );
      }
    }
  const logs = [...byProvider].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, log]) => log ?? []);
  return { logs, owners: levels.map(resourceRef), diagnostics };
}
