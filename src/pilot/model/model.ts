// The validated, indexed and immutable picture of the user's objects: everything translate needs, nothing raw.

import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import type { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import type { IstioBehavior } from '../../lib/istio-behaviors.ts';
import type { RouteMode } from '../../lib/route-mode.ts';
import type { TlsVersion } from '../resources/gateway.ts';
import type { FieldPath, Resource } from '../resources/resource.ts';
import type {
  CorsPolicy,
  HeaderOperations,
  HttpDirectResponse,
  HttpFault,
  HttpRedirect,
  HttpRetry,
  HttpRewrite,
  NamedMatch,
  RequestShare,
  ValueMatch,
} from '../resources/virtual-service.ts';
import type { BackendProtocol } from './backend-protocol.ts';
import type { CertificateResult } from './build-certificate.ts';
import type { DestinationRules } from './build-destination-rules.ts';
import type { RootsResult } from './build-root-certificates.ts';
import type { ExportTo } from './export-to.ts';
import type { ServerHost } from './host-names.ts';
import type { NodeIndex } from './locality.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { ProxyClass } from './proxy-class.ts';
import type { FetchedKeys } from './select-request-authentications.ts';

export interface ModelEndpoint {
  readonly address: string;
  readonly port: number;
  /** Of its Pod and its place: what subsets choose by. */
  readonly labels: Readonly<Record<string, string>>;
  /** `region/zone/subzone`; '' where nothing is known of it. */
  readonly locality: string;
  readonly weight: number;
}

export interface ModelServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: BackendProtocol;
  /** Undefined where a named port stands for no container port we know. */
  readonly targetPort: number | undefined;
  readonly nodePort: number | undefined;
  /** Ready ones, each once, in a stable order. */
  readonly endpoints: readonly ModelEndpoint[];
  readonly unready: readonly ModelEndpoint[];
}

export interface ModelService {
  /** `counter.default.svc.cluster.local`, or a host of a ServiceEntry. */
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
  readonly ref: ResourceRef;
  /** TCP ports by number; the first of a number counts. */
  readonly ports: readonly ModelServicePort[];
  readonly selector: Readonly<Record<string, string>>;
  /** The host that an ExternalName stands for. */
  readonly alias: string | undefined;
  /** Whose proxies may have it (annotation networking.istio.io/exportTo). */
  readonly exportTo: ExportTo;
  /** Label experimental.istio.io/disable-gateway-port-translation: listeners bind its port, not its target port. */
  readonly translatesPorts: boolean;
  /** How endpoints are found: pilot sends their addresses, or the data plane asks for their names, or for those that requests name. */
  readonly discovery: 'addresses' | 'names' | 'one name' | 'named by requests';
  /** Outside of the mesh. */
  readonly isExternal: boolean;
  /** That endpoints have to have in their certificates, where a DestinationRule says nothing of it. */
  readonly subjectAltNames: readonly string[];
  /** Requests go to endpoints in the gateway's zone, or on its Node, as long as these are ready. */
  readonly prefersNear: 'zone' | 'node' | undefined;
  readonly resource: Resource<'Service'> | Resource<'ServiceEntry'>;
}

export interface ModelGateway {
  /** `namespace/name`. */
  readonly key: string;
  readonly name: string;
  readonly namespace: string;
  readonly ref: ResourceRef;
  readonly selector: Readonly<Record<string, string>>;
  readonly servers: readonly ModelServer[];
  readonly resource: Resource<'Gateway'> | Resource<'Ingress'>;
}

/** Server of a Gateway that Tidegate can serve, as far as it alone tells. */
export interface ModelServer {
  /** `https` and `tls` end TLS here, in front of HTTP and of TCP; the two with passthrough leave it to the application. */
  readonly kind: 'http' | 'https' | 'tls' | 'passthrough' | 'auto-passthrough' | 'tcp';
  readonly index: number;
  /** Where it stands in its object. */
  readonly path: FieldPath;
  readonly port: number;
  readonly portName: string;
  readonly protocol: Resource<'Gateway'>['spec']['servers'][number]['port']['protocol'];
  /** Undefined: all addresses. */
  readonly bind: string | undefined;
  /** Each once. */
  readonly hosts: readonly ServerHost[];
  readonly httpsRedirect: boolean;
  /** Where TLS ends here. */
  readonly tls: ServerTlsSettings | undefined;
}

export interface ServerTlsSettings {
  /** At least one, in order of preference. */
  readonly certificates: readonly ServerCertificate[];
  /** Among workloads of the mesh (ISTIO_MUTUAL), for which the mesh's tlsDefaults do not hold. */
  readonly isMesh: boolean;
  readonly clientCertificate: 'none' | 'optional' | 'required';
  /** What client certificates are held against. */
  readonly validation: ClientValidation | undefined;
  readonly minProtocolVersion: TlsVersion | undefined;
  readonly maxProtocolVersion: TlsVersion | undefined;
  readonly cipherSuites: readonly string[];
  readonly ecdhCurves: readonly string[];
}

export interface ClientValidation {
  readonly roots: RootCertificates;
  /** Certificates are asked for, and let in whatever comes of checking them. */
  readonly acceptUntrusted: boolean;
  /** One of them has to be in the certificate; empty is any. */
  readonly subjectAltNames: readonly string[];
  readonly verifyCertificateSpki: readonly string[];
  readonly verifyCertificateHash: readonly string[];
}

export type RootCertificates =
  | { readonly kind: 'file'; readonly path: string; readonly crl: string | undefined }
  /** `credentialName` ends in -cacert, `name` does not. */
  | NamedSecret;

/** Namespace undefined: the proxy's own. `credentialName` is as written: it is part of the name on the wire. */
export interface NamedSecret {
  readonly kind: 'secret';
  readonly credentialName: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Inside the server. */
  readonly field: FieldPath;
  /** The namespace whose object names a Secret of its own: the gateway may have it, wherever it runs. */
  readonly sharedBy?: string | undefined;
}

export type ServerCertificate =
  | { readonly kind: 'files'; readonly certificate: string; readonly key: string }
  | NamedSecret;

export interface ModelVirtualService {
  readonly key: string;
  readonly name: string;
  readonly namespace: string;
  readonly ref: ResourceRef;
  /** Short names resolved, each once. */
  readonly hosts: readonly string[];
  /** Keys of Gateways, `mesh` left out. */
  readonly gateways: readonly string[];
  readonly exportTo: ExportTo;
  readonly http: readonly ModelHttpRule[];
  readonly tls: readonly ModelTlsRule[];
  readonly tcp: readonly ModelTcpRule[];
  readonly resource: Resource<'VirtualService'> | Resource<'Ingress'>;
  /** Of those made of Ingresses: its place among them, since one Ingress makes several. */
  readonly position?: number;
}

export interface ModelHttpRule {
  /** The object it stands in: for a delegate's rule not the one that it is served for. */
  readonly source: ResourceRef;
  readonly index: number;
  /** Where it stands in `source`. */
  readonly path: FieldPath;
  readonly name: string | undefined;
  /** Each becomes one route; a rule without any takes every request. */
  readonly matches: readonly ModelHttpMatch[];
  readonly action: ModelHttpAction;
  readonly rewrite: HttpRewrite | undefined;
  readonly headers: HeaderOperations | undefined;
  /** Milliseconds for the whole answer; undefined: no limit. */
  readonly timeoutMs: number | undefined;
  /** Undefined: Istio's default policy. */
  readonly retries: HttpRetry | undefined;
  readonly fault: HttpFault | undefined;
  readonly corsPolicy: CorsPolicy | undefined;
  readonly mirrors: readonly ModelMirror[] | undefined;
}

export type PathMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'exact' | 'prefix'; readonly value: string; readonly caseSensitive: boolean }
  /** Whole segments; without a slash at the end. */
  | { readonly kind: 'pathSeparatedPrefix'; readonly value: string; readonly caseSensitive: boolean }
  | { readonly kind: 'regex'; readonly value: string; readonly caseSensitive: boolean };

/** `:method`, `:authority` and `:scheme` are headers too, as in Envoy. */
export interface HeaderMatch {
  readonly name: string;
  /** Not a header, but a claim of a token: its path in the payload. */
  readonly claim?: readonly string[];
  readonly match: ValueMatch;
  readonly invert: boolean;
}

export interface ModelHttpMatch {
  /** Undefined for the match that a rule without `match` implies. */
  readonly index: number | undefined;
  readonly name: string | undefined;
  readonly path: PathMatch;
  /** In Istio's order. */
  readonly headers: readonly HeaderMatch[];
  readonly queryParams: readonly NamedMatch[];
  /** Of the gateway itself: the rule is only for gateways that have them. */
  readonly sourceLabels: Readonly<Record<string, string>>;
  readonly sourceNamespace: string | undefined;
  readonly statPrefix: string | undefined;
  /** Gateway port. */
  readonly port: number | undefined;
  /** Keys of Gateways; empty is all of the VirtualService's. */
  readonly gateways: readonly string[];
  /** Why nothing can be served for this match: its requests are answered with 500. It then takes all that it could have meant. */
  readonly broken: BrokenMatch | undefined;
}

export interface BrokenMatch {
  readonly reason: string;
  /** Where it stands: `spec.http[0].match[1].uri.regex`. */
  readonly field: FieldPath;
}

/** A Service, or one of its ports or subsets. */
export interface DestinationName {
  /** Short name resolved, as a host; ExternalName not yet followed. */
  readonly host: string;
  readonly subset: string;
  readonly port: number | undefined;
}

export interface ModelDestination extends DestinationName {
  /** At least 1, except for a single destination, where it has no meaning. */
  readonly weight: number;
  readonly headers: HeaderOperations | undefined;
  /** Index in `route`. */
  readonly index: number;
}

/** Where copies of requests go. */
export interface ModelMirror extends DestinationName {
  readonly share: RequestShare | undefined;
  /** Inside the rule. */
  readonly path: FieldPath;
}

export type ModelAction =
  /** Weighted as soon as the user wrote several destinations, though only one has a weight. */
  | { readonly kind: 'forward'; readonly destinations: readonly ModelDestination[]; readonly weighted: boolean }
  | { readonly kind: 'broken'; readonly reason: string };

/** What an http rule does: also answers of the gateway's own. */
export type ModelHttpAction =
  | ModelAction
  | ({ readonly kind: 'redirect' } & HttpRedirect)
  | ({ readonly kind: 'direct' } & HttpDirectResponse)
  /** The rules of the VirtualService with this key; none is left once they are merged. */
  | { readonly kind: 'delegate'; readonly key: string };

export interface ModelTcpRule {
  readonly index: number;
  /** Empty: every connection. */
  readonly matches: readonly { readonly port: number | undefined; readonly gateways: readonly string[] }[];
  readonly action: ModelAction;
}

export interface ModelTlsMatch {
  readonly index: number;
  readonly sniHosts: readonly string[];
  readonly port: number | undefined;
  readonly gateways: readonly string[];
}

export interface ModelTlsRule {
  readonly index: number;
  readonly matches: readonly ModelTlsMatch[];
  readonly action: ModelAction;
}

/** What one object came to, and what is wrong with it. */
export interface VirtualServiceResult {
  readonly virtualService: ModelVirtualService;
  readonly diagnostics: readonly Diagnostic[];
}

type ByName<Value> = PersistentMap<PersistentMap<Value>>;

export interface ModelVirtualServices {
  /** As written, delegates too; by `namespace/name`. */
  readonly written: PersistentMap<VirtualServiceResult>;
  /** Those with hosts, the rules of their delegates in place, those made of Ingresses among them. */
  readonly served: PersistentMap<ModelVirtualService>;
  readonly byGateway: ByName<ModelVirtualService>;
  /** Those with rules for connections: few, where many are for requests. */
  readonly connectionsByGateway: ByName<ModelVirtualService>;
  /** By host that they lead to: whom a change there concerns. */
  readonly writtenTo: ByName<VirtualServiceResult>;
  readonly servedTo: ByName<ModelVirtualService>;
}

/** An object of which nothing but its identity counts. */
export type Lineage = Readonly<Record<never, never>>;

export interface Model {
  readonly mesh: MeshSettings;
  /** Where these were read; undefined: they are the defaults. */
  readonly settings: Resource<'ConfigMap'> | undefined;
  /** Where Istio's way was asked for instead of ours. */
  readonly likeIstio: ReadonlySet<IstioBehavior>;
  readonly routeMode: RouteMode;
  readonly nodes: NodeIndex;
  /** By host. */
  readonly services: PersistentMap<ModelService>;
  /** The same, each as it was when something other than its endpoints changed last. */
  readonly serviceShapes: PersistentMap<ModelService>;
  /** Those of them that stand for others. */
  readonly aliases: PersistentMap<ModelService>;
  readonly destinationRules: DestinationRules;
  /** In order of precedence. */
  readonly telemetries: readonly Resource<'Telemetry'>[];
  /** In order of precedence. */
  readonly envoyFilters: readonly Resource<'EnvoyFilter'>[];
  /** In order of precedence. */
  readonly requestAuthentications: readonly Resource<'RequestAuthentication'>[];
  readonly fetchedKeys: FetchedKeys;
  /** In order of precedence. */
  readonly trafficPolicies: readonly Resource<'TrafficPolicy'>[];
  /** In order of precedence. */
  readonly authorizationPolicies: readonly Resource<'AuthorizationPolicy'>[];
  /** In order of precedence. */
  readonly gateways: readonly ModelGateway[];
  readonly gatewaysByKey: PersistentMap<ModelGateway>;
  /** The classes of proxies that the Gateways ask for, one per selector. */
  readonly impliedProxyClasses: readonly ProxyClass[];
  readonly virtualServices: ModelVirtualServices;
  /** By `namespace/name`; only those that a Gateway may name. */
  readonly certificates: PersistentMap<ModelSecret>;
  readonly roots: PersistentMap<ModelSecret<RootsResult>>;
  /** The same for each model that is made from the one before: what was derived of those is looked for here first. */
  readonly lineage: Lineage;
  /** Of the snapshot: another number where objects stand elsewhere in their files. */
  readonly moves: number;
  /** Milliseconds since 1970: when the model was built, what expiry is compared with. */
  readonly builtAt: number;
}

/** A Secret, and what is made of it. */
export interface ModelSecret<Result extends { readonly kind: string } = CertificateResult> {
  readonly ref: ResourceRef;
  readonly result: Result;
  /** The object is broken now, and this is what it held before: still served. */
  readonly lastGood: Exclude<Result, { kind: 'problem' }> | undefined;
  readonly resource: Resource<'Secret'>;
}
