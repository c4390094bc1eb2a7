// An EnvoyFilter's patches -> messages of Envoy's, ready to be applied: what cannot be read is reported once, whoever it is for.
import { type DescMessage, fromJson, type JsonValue, type Message } from '@bufbuild/protobuf';
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { extensionTypes } from '../../xds/extension-types.ts';
import { ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { TypedExtensionConfigSchema } from '../../xds/generated/envoy/config/core/v3/extension_pb.ts';
import {
  FilterChainSchema,
  FilterSchema,
  ListenerFilterSchema,
} from '../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import { ListenerSchema } from '../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteSchema, VirtualHostSchema } from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { HttpFilterSchema } from '../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { EnvoyPatch } from '../model/proxy-view.ts';
import { checkConstraints } from './check-constraints.ts';
import { checkJson, type ValuePath } from './check-json.ts';
import { reportPatch } from './report-patch.ts';

type ApplyTo = EnvoyPatch['patch']['applyTo'];

const schemas: { readonly [Name in ApplyTo]: DescMessage } = {
  LISTENER: ListenerSchema,
  FILTER_CHAIN: FilterChainSchema,
  NETWORK_FILTER: FilterSchema,
  HTTP_FILTER: HttpFilterSchema,
  LISTENER_FILTER: ListenerFilterSchema,
  ROUTE_CONFIGURATION: RouteConfigurationSchema,
  VIRTUAL_HOST: VirtualHostSchema,
  HTTP_ROUTE: RouteSchema,
  CLUSTER: ClusterSchema,
  EXTENSION_CONFIG: TypedExtensionConfigSchema,
};

export interface CompiledPatch extends EnvoyPatch {
  /** Of the type that `applyTo` says; of REMOVE an empty one. Not to be changed. */
  readonly value: Message;
}

interface Compiled {
  /** Undefined: not to be used. */
  readonly compiled: CompiledPatch | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Once per patch: unchanged objects keep their identity. */
const known = new WeakMap<EnvoyPatch['patch'], Compiled>();

export function compilePatch(patch: EnvoyPatch): Compiled {
  const found = known.get(patch.patch) ?? compile(patch);
  known.set(patch.patch, found);
  return found;
}

function compile(patch: EnvoyPatch): Compiled {
  const schema = schemas[patch.patch.applyTo];
  const removes = patch.patch.operation === 'REMOVE';
  const checked = checkJson(schema, removes ? {} : patch.patch.value, extensionTypes());
  const isMerge = patch.patch.operation.startsWith('MERGE');
  const defaults = isMerge ? checked.defaults.map((path) => reportDefault(patch, path)) : [];
  const problems = checked.problems.map(({ path, kind, what }) =>
    kind === 'unknown field'
      ? reportPatch(patch, {
          severity: 'warning',
          code: 'TG0007',
          path: ['value', ...path],
          message: `${what}. It is left out; the rest of the patch counts.`,
          remedy: "Look up the field in Envoy's API reference, or remove it.",
        })
      : invalid(patch, path, what),
  );
  const diagnostics = [...problems, ...defaults];
  if (checked.problems.some(({ kind }) => kind === 'invalid')) return { compiled: undefined, diagnostics };
  const parsed = parse(schema, checked.value);
  if ('error' in parsed)
    return { compiled: undefined, diagnostics: [...diagnostics, invalid(patch, [], parsed.error)] };
  // What is merged need not be whole.
  const isWhole = !removes && !isMerge;
  const [violation] = isWhole ? checkConstraints(schema, parsed.message) : [];
  if (violation !== undefined)
    return { compiled: undefined, diagnostics: [...diagnostics, invalid(patch, [], violation)] };
  return { compiled: { ...patch, value: parsed.message }, diagnostics };
}

const reportDefault = (patch: EnvoyPatch, path: ValuePath): Diagnostic =>
  reportPatch(patch, {
    severity: 'info',
    code: 'TG0036',
    path: ['value', ...path],
    message: `${String(path.at(-1))} has the default of its type, which MERGE takes for not set, as in Istio: what is there stays.`,
    remedy: 'Use REPLACE, where there is one, or remove the field.',
  });

const invalid = (patch: EnvoyPatch, path: ValuePath, what: string): Diagnostic =>
  reportPatch(patch, {
    severity: 'error',
    code: 'TG0035',
    path: ['value', ...path],
    message: `The value is no ${schemas[patch.patch.applyTo].typeName}: ${what}. The patch is left out.`,
    remedy: "Write it as in Envoy's API reference.",
  });

/** What `checkJson` could not see: a oneof that is given twice, say. */
function parse(schema: DescMessage, value: unknown): { readonly message: Message } | { readonly error: string } {
  try {
    return { message: fromJson(schema, value as JsonValue, { registry: extensionTypes() }) };
  } catch (thrown) {
    return { error: (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 300) };
  }
}
