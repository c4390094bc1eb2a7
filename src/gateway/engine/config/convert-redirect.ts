// A route's redirect: unlike a forward it is the whole answer.
import {
  RedirectAction_RedirectResponseCode as Code,
  type RedirectAction as EnvoyRedirectAction,
} from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import type { DirectResponseAction, RedirectAction } from './engine-config.ts';
import type { Findings } from './findings.ts';

const statuses: Readonly<Record<Code, number>> = {
  [Code.MOVED_PERMANENTLY]: 301,
  [Code.FOUND]: 302,
  [Code.SEE_OTHER]: 303,
  [Code.TEMPORARY_REDIRECT]: 307,
  [Code.PERMANENT_REDIRECT]: 308,
};

/** `instead`: what answers where the engine cannot redirect as asked. */
export function convertRedirect(
  action: EnvoyRedirectAction,
  instead: DirectResponseAction,
  findings: Findings,
): RedirectAction | DirectResponseAction {
  const { pathRewriteSpecifier: rewrite, schemeRewriteSpecifier: scheme } = action;
  if (rewrite.case === 'regexRewrite') {
    findings.warn('regex_rewrite is not supported by the embedded engine: requests are answered with 500');
    return instead;
  }
  const path: RedirectAction['path'] =
    rewrite.case === undefined || rewrite.value === ''
      ? { kind: 'keep' }
      : { kind: rewrite.case === 'pathRedirect' ? 'replace' : 'prefix', value: rewrite.value };
  return {
    kind: 'redirect',
    status: statuses[action.responseCode] ?? 301,
    host: action.hostRedirect || undefined,
    scheme: schemeOf(scheme),
    port: action.portRedirect || undefined,
    path,
    stripQuery: action.stripQuery,
  };
}

function schemeOf(specifier: EnvoyRedirectAction['schemeRewriteSpecifier']): string | undefined {
  if (specifier.case === 'httpsRedirect') return specifier.value ? 'https' : undefined;
  return specifier.case === 'schemeRedirect' ? specifier.value || undefined : undefined;
}
