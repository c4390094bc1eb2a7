// Scoped routes: the key that a connection manager makes of a request, and the route configuration that a scope leads to.
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { HeaderValueOption_HeaderAppendAction as Action } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import type { ScopedRouteConfiguration } from '../../../xds/generated/envoy/config/route/v3/scoped_route_pb.ts';
import type {
  HttpConnectionManager as EnvoyManager,
  ScopedRoutes_ScopeKeyBuilder_FragmentBuilder as FragmentBuilder,
  ScopedRoutes,
} from '../../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { HeaderMutationSchema } from '../../../xds/generated/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.ts';
import type { ScopeConfig, ScopeKeyBuilder } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { notRegistered } from './unpack-any.ts';

type HeaderValues = (name: string) => readonly string[];
type Read = (values: HeaderValues) => string | undefined;

/** Parts of a key, joined so that no two keys are the same text. */
export const scopeKey = (fragments: readonly string[]): string => JSON.stringify(fragments);

export function convertScope(scope: ScopedRouteConfiguration, findings: Findings): ScopeConfig | undefined {
  const { key, routeConfigurationName } = scope;
  if (scope.routeConfiguration !== undefined)
    findings.reject('the embedded engine takes scopes with a route_configuration_name only');
  if (scope.onDemand) findings.reject('the embedded engine has no on-demand scopes');
  if (routeConfigurationName === '' || key === undefined || key.fragments.length === 0) {
    findings.reject('a scope needs a key and a route_configuration_name');
    return undefined;
  }
  const fragments = key.fragments.flatMap(({ type }) => (type.case === 'stringKey' ? [type.value] : []));
  return { key: scopeKey(fragments), routeConfigName: routeConfigurationName };
}

/** Of the manager's `early_header_mutation_extensions`: what requests have under these names when a scope is looked for. */
function convertEarlyMutations(manager: EnvoyManager, findings: Findings): ReadonlyMap<string, Read> {
  const made = new Map<string, Read>();
  for (const [index, { name, typedConfig }] of manager.earlyHeaderMutationExtensions.entries()) {
    const inside = findings.within('HttpConnectionManager', `EarlyHeaderMutationExtensions[${index}]`);
    const config = typedConfig && anyUnpack(typedConfig, HeaderMutationSchema);
    if (config === undefined) {
      inside.reject(notRegistered(name, typedConfig));
      continue;
    }
    for (const { action } of config.mutations) {
      const option = action.case === 'append' ? action.value : undefined;
      const read = option && compile(option.header?.value ?? '');
      if (
        option?.header === undefined ||
        option.appendAction !== Action.OVERWRITE_IF_EXISTS_OR_ADD ||
        read === undefined
      )
        inside.reject(
          'the embedded engine changes headers early only to overwrite one with text and headers of the request',
        );
      else made.set(option.header.key.toLowerCase(), read);
    }
  }
  return made;
}

/** Text and `%REQ(NAME)%`; undefined where there is something else. */
function compile(template: string): Read | undefined {
  const parts = template.split(/%REQ\(([^()?]+)\)%/);
  if (parts.some((part, i) => i % 2 === 0 && part.includes('%'))) return undefined;
  return (values) => parts.map((part, i) => (i % 2 === 0 ? part : (values(part.toLowerCase())[0] ?? '-'))).join('');
}

function convertFragment(
  { type }: FragmentBuilder,
  early: ReadonlyMap<string, Read>,
  findings: Findings,
): Read | undefined {
  const extractor = type.case === 'headerValueExtractor' ? type.value : undefined;
  if (extractor === undefined || extractor.name === '') {
    findings.reject('a scope key is made of values of headers');
    return undefined;
  }
  const name = extractor.name.toLowerCase();
  const made = early.get(name);
  const read: Read = (values) => (made === undefined ? values(name)[0] : made(values));
  const { elementSeparator: separator, extractType } = extractor;
  const split = (value: string): readonly string[] => (separator === '' ? [value] : value.split(separator));
  if (extractType.case === 'element') {
    const { key, separator: between } = extractType.value;
    return (values) => {
      const element = split(read(values) ?? '').find((part) => part.slice(0, part.indexOf(between)) === key);
      return element?.slice(element.indexOf(between) + between.length);
    };
  }
  const index = extractType.case === 'index' ? extractType.value : 0;
  return (values) => {
    const value = read(values);
    return value === undefined ? undefined : split(value)[index];
  };
}

/** Undefined where requests cannot be told apart by it: an error says why. */
export function convertScopedRoutes(
  manager: EnvoyManager,
  routes: ScopedRoutes,
  findings: Findings,
): ScopeKeyBuilder | undefined {
  const inside = findings.within('HttpConnectionManager', 'ScopedRoutes');
  const { configSpecifier, rdsConfigSource } = routes;
  const sources = [
    rdsConfigSource,
    configSpecifier.case === 'scopedRds' ? configSpecifier.value.scopedRdsConfigSource : undefined,
  ];
  if (configSpecifier.case !== 'scopedRds' || sources.some((one) => one?.configSourceSpecifier.case !== 'ads'))
    inside.reject('the embedded engine has no source for scopes but ADS');
  const early = convertEarlyMutations(manager, findings);
  const fragments = (routes.scopeKeyBuilder?.fragments ?? []).map((one) => convertFragment(one, early, inside));
  if (fragments.length === 0) inside.required('ScopedRoutes', 'scope_key_builder');
  return (values) => {
    const parts = fragments.map((read) => read?.(values));
    return parts.some((part) => part === undefined) ? undefined : parts.map((part) => part ?? '');
  };
}
