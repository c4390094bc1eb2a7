// The door of this folder: any value from a source -> one typed Resource, or the reason why there is none.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { destinationRuleFields } from './destination-rule-fields.ts';
import { gatewayFields } from './gateway-fields.ts';
import {
  describe,
  type FieldTable,
  ignored,
  isRecord,
  type Message,
  openFields,
  openMessage,
  type ParseContext,
  reportInvalid,
  served,
  tableOf,
} from './message.ts';
import { placeOfLabels } from './node.ts';
import { authorizationPolicyFields, parseAuthorizationPolicy } from './parse-authorization-policy.ts';
import { configMapFields, parseConfigMap } from './parse-config-map.ts';
import { parseDestinationRule } from './parse-destination-rule.ts';
import { endpointSliceFields, endpointsFields, parseEndpointSlice, parseEndpoints } from './parse-endpoints.ts';
import { envoyFilterFields, parseEnvoyFilter } from './parse-envoy-filter.ts';
import { parseGateway } from './parse-gateway.ts';
import { ingressClassFields, ingressFields, parseIngress, parseIngressClass } from './parse-ingress.ts';
import { parseMetadata, refOf } from './parse-metadata.ts';
import { parsePod } from './parse-pod.ts';
import { parseProxyConfig, proxyConfigFields } from './parse-proxy-config.ts';
import { parseRequestAuthentication, requestAuthenticationFields } from './parse-request-authentication.ts';
import { parseSecret, secretFields } from './parse-secret.ts';
import { parseService, serviceSpecFields } from './parse-service.ts';
import {
  parseServiceEntry,
  parseWorkloadEntry,
  serviceEntryFields,
  workloadEntryFields,
} from './parse-service-entry.ts';
import { parseTelemetry, telemetryFields } from './parse-telemetry.ts';
import { parseTrafficPolicy, trafficPolicyFields } from './parse-traffic-policy.ts';
import { parseVirtualService } from './parse-virtual-service.ts';
import type { Metadata, Origin, Resource, ResourceKind, Specs } from './resource.ts';
import { virtualServiceFields } from './virtual-service-fields.ts';

export interface UnknownKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** The API versions under which Tidegate reads this kind of this API group; empty where it does not read it at all. */
  readonly readAs: readonly string[];
}

export interface ParsedObject {
  readonly resource?: Resource;
  /** The same as on the resource, if there is one. */
  readonly diagnostics: readonly Diagnostic[];
  /** Set where the object is none that Tidegate reads; sources report such kinds once, not per object. */
  readonly unknownKind?: UnknownKind;
}

/** How one kind is read. */
interface KindParser<Kind extends ResourceKind> {
  readonly apiVersions: readonly string[];
  readonly reportNull: boolean;
  /** Fields beside apiVersion, kind and metadata. */
  readonly fields: FieldTable;
  /** `object` is the whole object. */
  parse(object: Message, metadata: Metadata): Specs[Kind] | undefined;
}

const istioVersions = ['networking.istio.io/v1', 'networking.istio.io/v1beta1', 'networking.istio.io/v1alpha3'];
const securityVersions = ['security.istio.io/v1', 'security.istio.io/v1beta1'];
const specAndStatus: FieldTable = { spec: served, status: ignored };

/** A kind whose content is in `spec`, which must be there unless its absence means something. */
function withSpec<Kind extends ResourceKind>(
  apiVersions: readonly string[],
  reportNull: boolean,
  table: FieldTable,
  parse: (spec: Message) => Specs[Kind] | undefined,
  mayBeAbsent = false,
): KindParser<Kind> {
  return {
    apiVersions,
    reportNull,
    fields: specAndStatus,
    parse(object) {
      const value = object.fields.spec ?? (mayBeAbsent ? {} : undefined);
      if (value === undefined) {
        reportInvalid(object.context, ['spec'], 'is missing', 'The object is not used.', 'Give the object a spec.');
        return undefined;
      }
      const spec = openMessage(object.context, ['spec'], value, table);
      return spec && parse(spec);
    },
  };
}

const kinds: { readonly [Kind in ResourceKind]: KindParser<Kind> } = {
  Service: withSpec(['v1'], false, serviceSpecFields, parseService),
  EndpointSlice: {
    apiVersions: ['discovery.k8s.io/v1'],
    reportNull: false,
    fields: endpointSliceFields,
    parse: (object, metadata) => parseEndpointSlice(object, metadata.labels),
  },
  Endpoints: { apiVersions: ['v1'], reportNull: false, fields: endpointsFields, parse: parseEndpoints },
  Pod: { apiVersions: ['v1'], reportNull: false, fields: 'any', parse: parsePod },
  Node: {
    apiVersions: ['v1'],
    reportNull: false,
    fields: 'any',
    parse: (_object, metadata) => placeOfLabels(metadata.labels),
  },
  Namespace: { apiVersions: ['v1'], reportNull: false, fields: 'any', parse: () => ({}) },
  Secret: { apiVersions: ['v1'], reportNull: false, fields: secretFields, parse: parseSecret },
  ConfigMap: { apiVersions: ['v1'], reportNull: false, fields: configMapFields, parse: parseConfigMap },
  Gateway: withSpec(istioVersions, true, gatewayFields, parseGateway),
  VirtualService: withSpec(istioVersions, true, virtualServiceFields, parseVirtualService),
  DestinationRule: withSpec(istioVersions, true, destinationRuleFields, parseDestinationRule),
  AuthorizationPolicy: withSpec(securityVersions, true, authorizationPolicyFields, parseAuthorizationPolicy, true),
  RequestAuthentication: withSpec(
    securityVersions,
    true,
    requestAuthenticationFields,
    parseRequestAuthentication,
    true,
  ),
  Telemetry: withSpec(
    ['telemetry.istio.io/v1', 'telemetry.istio.io/v1alpha1'],
    true,
    telemetryFields,
    parseTelemetry,
    true,
  ),
  TrafficPolicy: withSpec(['gateway.tidegate.dev/v1alpha1'], true, trafficPolicyFields, parseTrafficPolicy),
  ProxyConfig: withSpec(istioVersions, true, proxyConfigFields, parseProxyConfig, true),
  ServiceEntry: withSpec(istioVersions, true, serviceEntryFields, parseServiceEntry),
  WorkloadEntry: withSpec(istioVersions, true, workloadEntryFields, parseWorkloadEntry),
  EnvoyFilter: withSpec(['networking.istio.io/v1alpha3'], true, envoyFilterFields, parseEnvoyFilter),
  Ingress: withSpec(['networking.k8s.io/v1'], false, ingressFields, parseIngress),
  IngressClass: withSpec(['networking.k8s.io/v1'], false, ingressClassFields, parseIngressClass),
};

export const resourceKinds = Object.keys(kinds).filter(isResourceKind);

function isResourceKind(kind: string): kind is ResourceKind {
  return Object.hasOwn(kinds, kind);
}

const groupOf = (apiVersion: string): string => apiVersion.slice(0, Math.max(0, apiVersion.lastIndexOf('/')));

/** Never throws, whatever the value is. A `List` is to be unpacked first (`unpackList`). */
export function parseObject(value: unknown, origin: Origin): ParsedObject {
  const fields = isRecord(value) ? value : undefined;
  const apiVersion = fields?.apiVersion;
  const kind = fields?.kind;
  if (fields === undefined || typeof apiVersion !== 'string' || typeof kind !== 'string' || !apiVersion || !kind)
    return { diagnostics: [notAnObject(value, origin)] };

  if (!isResourceKind(kind)) return { diagnostics: [], unknownKind: { apiVersion, kind, readAs: [] } };
  const versions = kinds[kind].apiVersions;
  if (!versions.includes(apiVersion)) {
    const readAs = versions.filter((version) => groupOf(version) === groupOf(apiVersion));
    return { diagnostics: [], unknownKind: { apiVersion, kind, readAs } };
  }
  return parseKind(kind, apiVersion, fields, origin);
}

function parseKind<Kind extends ResourceKind>(
  kind: Kind,
  apiVersion: string,
  fields: Readonly<Record<string, unknown>>,
  origin: Origin,
): ParsedObject {
  const parser = kinds[kind];
  const resource = refOf(kind, fields);
  const context: ParseContext = { resource, origin, diagnostics: [], reportNull: parser.reportNull, dropped: 0 };
  const metadata = parseMetadata(context, kind, fields.metadata);
  const table =
    parser.fields === 'any' ? 'any' : { ...tableOf(['apiVersion', 'kind', 'metadata'], served), ...parser.fields };
  const spec = metadata && parser.parse(openFields(context, [], fields, table), metadata);
  const diagnostics = withDropped(context);
  return metadata && spec
    ? { resource: { kind, apiVersion, metadata, spec, origin, diagnostics }, diagnostics }
    : { diagnostics };
}

function withDropped(context: ParseContext): readonly Diagnostic[] {
  if (context.dropped === 0) return context.diagnostics;
  const last: Diagnostic = {
    severity: 'error',
    code: 'TG0005',
    resource: context.resource,
    message: `${context.dropped} more problems of this object are not listed.`,
    remedy: 'Repair those listed first.',
    ...(context.origin.locate([]) ?? {}),
  };
  return [...context.diagnostics, last];
}

function notAnObject(value: unknown, origin: Origin): Diagnostic {
  const missing = isRecord(value)
    ? (['apiVersion', 'kind'].find((name) => typeof value[name] !== 'string' || value[name] === '') ?? 'kind')
    : undefined;
  const what = missing === undefined ? `is ${describe(value)}` : `has no ${missing}`;
  return {
    severity: 'error',
    code: 'IST0106',
    message: `The document ${what}, so it is no Kubernetes object. It is not used.`,
    remedy: 'Give it apiVersion, kind and metadata.',
    ...(missing === undefined ? {} : { path: missing }),
    ...(origin.locate(missing === undefined ? [] : [missing]) ?? {}),
  };
}
