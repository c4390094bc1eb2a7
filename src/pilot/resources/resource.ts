// The user's objects after parsing: readonly, typed, and able to say where each field stands in its file.
import type { Diagnostic, Location, ResourceRef } from '../../lib/diagnostic.ts';
import type { AuthorizationPolicySpec } from './authorization-policy.ts';
import type { ConfigMapData } from './config-map.ts';
import type { DestinationRuleSpec } from './destination-rule.ts';
import type { EndpointSliceSpec, EndpointsSpec } from './endpoints.ts';
import type { EnvoyFilterSpec } from './envoy-filter.ts';
import type { GatewaySpec } from './gateway.ts';
import type { IngressClassSpec, IngressSpec } from './ingress.ts';
import type { NamespaceSpec } from './namespace.ts';
import type { NodeSpec } from './node.ts';
import type { PodSpec } from './pod.ts';
import type { ProxyConfigSpec } from './proxy-config.ts';
import type { RequestAuthenticationSpec } from './request-authentication.ts';
import type { SecretData } from './secret.ts';
import type { ServiceSpec } from './service.ts';
import type { ServiceEntrySpec, WorkloadEntrySpec } from './service-entry.ts';
import type { TelemetrySpec } from './telemetry.ts';
import type { TrafficPolicySpec } from './traffic-policy.ts';
import type { VirtualServiceSpec } from './virtual-service.ts';

export interface Specs {
  readonly Service: ServiceSpec;
  readonly EndpointSlice: EndpointSliceSpec;
  readonly Endpoints: EndpointsSpec;
  readonly Pod: PodSpec;
  readonly Node: NodeSpec;
  readonly Namespace: NamespaceSpec;
  readonly Secret: SecretData;
  readonly ConfigMap: ConfigMapData;
  readonly Gateway: GatewaySpec;
  readonly VirtualService: VirtualServiceSpec;
  readonly DestinationRule: DestinationRuleSpec;
  readonly ServiceEntry: ServiceEntrySpec;
  readonly AuthorizationPolicy: AuthorizationPolicySpec;
  readonly RequestAuthentication: RequestAuthenticationSpec;
  readonly ProxyConfig: ProxyConfigSpec;
  readonly Telemetry: TelemetrySpec;
  readonly TrafficPolicy: TrafficPolicySpec;
  readonly WorkloadEntry: WorkloadEntrySpec;
  readonly EnvoyFilter: EnvoyFilterSpec;
  readonly Ingress: IngressSpec;
  readonly IngressClass: IngressClassSpec;
}

export type ResourceKind = keyof Specs;

export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Milliseconds since 1970; undefined where the object has none (files mostly). */
  readonly creationTimestamp: number | undefined;
}

/** Path inside an object: `['spec', 'http', 0, 'match']`. */
export type FieldPath = readonly (string | number)[];

/** Where an object comes from. Objects without a timestamp are ordered by source, then index. */
export interface Origin {
  /** File path, or the cluster. */
  readonly source: string;
  /** Position of the document in its file. */
  readonly index: number;
  /** Where a field stands; the nearest ancestor that exists, if the field does not. Undefined for objects without a file. */
  locate(path: FieldPath): Location | undefined;
}

export interface Resource<Kind extends ResourceKind = ResourceKind> {
  readonly kind: Kind;
  readonly apiVersion: string;
  readonly metadata: Metadata;
  readonly spec: Specs[Kind];
  readonly origin: Origin;
  /** What parsing this object alone found. */
  readonly diagnostics: readonly Diagnostic[];
}

export function resourceRef(resource: Resource): ResourceRef {
  return { kind: resource.kind, namespace: resource.metadata.namespace, name: resource.metadata.name };
}

export function isOfKind<Kind extends ResourceKind>(resource: Resource, kind: Kind): resource is Resource<Kind> {
  return resource.kind === kind;
}

/** `['spec', 'http', 0]` → `spec.http[0]`. */
export function formatFieldPath(path: FieldPath): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}
