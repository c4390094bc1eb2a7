// The model as one class of proxies sees it: what translate turns into Envoy resources, one to one.
import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import type { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import type { RouteMode } from '../../lib/route-mode.ts';
import type { AttributeMatch, AuthorizationRule } from '../resources/authorization-policy.ts';
import type { HashKey, LoadBalancerSettings, Tunnel, Warmup } from '../resources/destination-rule.ts';
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
} from '../resources/virtual-service.ts';
import type { Authorization, AuthorizationService, CustomAuthorization } from './build-authorization.ts';
import type { CertificatePair } from './build-certificate.ts';
import type { RootsResult } from './build-root-certificates.ts';
import type { ClusterPolicy } from './cluster-policy.ts';
import type { ClusterView, Target } from './cluster-view.ts';
import type { ProxyPlace } from './locality.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { HeaderMatch, NamedSecret, PathMatch, ServerTlsSettings } from './model.ts';
import type { PortRow } from './port-row.ts';
import type { AccessLogs, AccessLogView } from './select-access-logs.ts';
import type { AuthorizationPolicy } from './select-authorization-policies.ts';
import type { EnvoyPatch, EnvoyPatches } from './select-envoy-filters.ts';
import type { JwtProviderView, RequestAuthentications } from './select-request-authentications.ts';
import type { PortTraffic, RateLimitView } from './traffic-view.ts';

export type {
  AccessLogView,
  AttributeMatch,
  Authorization,
  AuthorizationPolicy,
  AuthorizationRule,
  AuthorizationService,
  ClusterPolicy,
  ClusterView,
  CorsPolicy,
  CustomAuthorization,
  EnvoyPatch,
  HashKey,
  HeaderOperations,
  HttpFault,
  HttpRetry,
  JwtProviderView,
  LoadBalancerSettings,
  RequestShare,
  Target,
  Tunnel,
  Warmup,
};

export type RewriteView = HttpRewrite;

export interface WeightedTarget extends Target {
  readonly weight: number;
  readonly headers: HeaderOperations | undefined;
}

export type ForwardTargets = (
  | { readonly kind: 'single'; readonly target: Target }
  | { readonly kind: 'weighted'; readonly targets: readonly WeightedTarget[] }
) & {
  /** Of the clusters that exist, in order: what they want of the routes that lead to them. */
  readonly policies: readonly ClusterPolicy[];
  /** Of TCP. */
  readonly tunnel: Tunnel | 'broken' | undefined;
};

export interface RedirectView extends Omit<HttpRedirect, 'port'> {
  readonly kind: 'redirect';
  /** Undefined where none is written, as where it is the scheme's own. */
  readonly port: number | undefined;
}

export interface RouteView {
  readonly name: string;
  readonly path: PathMatch;
  readonly headers: readonly HeaderMatch[];
  readonly queryParams: readonly NamedMatch[];
  readonly statPrefix: string | undefined;
  /** In order: of the rule, then of its only destination. */
  readonly headerOperations: readonly HeaderOperations[];
  readonly fault: HttpFault | undefined;
  readonly corsPolicy: CorsPolicy | undefined;
  readonly action:
    | {
        readonly kind: 'forward';
        readonly targets: ForwardTargets;
        readonly rewrite: RewriteView;
        readonly mirrors: readonly (Target & { readonly share: RequestShare | undefined })[];
        readonly timeoutMs: number | undefined;
        readonly retries: HttpRetry | undefined;
      }
    | RedirectView
    | ({ readonly kind: 'direct' } & HttpDirectResponse)
    /** Answered with 500; `field` is the path of what is broken, in `source`. */
    | {
        readonly kind: 'broken';
        readonly reason: string;
        readonly field: string;
        readonly source: ResourceRef;
      };
  /** The object that its rule stands in. */
  readonly owner: ResourceRef;
  /** As Istio calls the one it is served for: of an Ingress, and of a delegate, that is not the owner. */
  readonly virtualService: { readonly namespace: string; readonly name: string };
  /** Gateway port it was made for. */
  readonly port: number;
  readonly rateLimits?: readonly RateLimitView[];
}

export interface VirtualHostView {
  /** The first names the virtual host. */
  readonly domains: readonly string[];
  /** Gateway port that its name carries. */
  readonly port: number;
  readonly routes: readonly RouteView[];
  readonly httpsRedirect: boolean;
  /** For the host as a whole. */
  readonly rateLimits?: readonly RateLimitView[];
}

export type RouteTableKey =
  | { readonly kind: 'http'; readonly targetPort: number; readonly bind: string | undefined }
  | {
      readonly kind: 'https';
      readonly port: number;
      readonly portName: string;
      readonly gateway: string;
      readonly namespace: string;
      readonly bind: string | undefined;
    };

export interface RouteTableView {
  readonly key: RouteTableKey;
  /** Gateway port of the first server: names the black hole where there is no virtual host. */
  readonly port: number;
  readonly virtualHosts: PersistentMap<VirtualHostView>;
  /** Domains of other TLS chains on the port: answered with 421. */
  readonly misdirected: readonly string[];
  /** Domains of its own that have no route: 404, though a wildcard of `misdirected` would take them. */
  readonly unrouted: readonly string[];
  /** Some of its hosts or routes have rate limits of their own. */
  readonly isLimited?: boolean;
  readonly owners: readonly ResourceRef[];
}

export interface FilterChainView {
  /** Sorted; empty is any. */
  readonly serverNames: readonly string[];
  /** Set where TLS and plaintext share a port. */
  readonly plaintextOnly: boolean;
  /** Of which the client has to offer one (ALPN); absent is any. */
  readonly applicationProtocols?: readonly string[];
  readonly tls: ServerTlsSettings | undefined;
  readonly network:
    | { readonly kind: 'http'; readonly routes: RouteTableKey; readonly grpcWeb: boolean }
    | { readonly kind: 'tcp'; readonly targets: ForwardTargets | undefined; readonly virtualService: ResourceRef };
}

export interface ListenerView {
  readonly bind: string;
  readonly targetPort: number;
  readonly address: string;
  readonly boundPort: number;
  /** False on one machine: there a second owner of a port must be an error of the kernel. */
  readonly reusePort: boolean;
  readonly filterChains: readonly FilterChainView[];
  /** Ports that people mean by it: of the Gateway, and the target port. */
  readonly ports: ReadonlySet<number>;
  readonly owners: readonly ResourceRef[];
  /** Absent where no TrafficPolicy is for it. */
  readonly traffic?: PortTraffic;
}

export interface SecretView {
  readonly secret: NamedSecret;
  readonly content: { readonly kind: 'pair'; readonly pair: CertificatePair } | Extract<RootsResult, { kind: 'roots' }>;
  readonly owner: ResourceRef;
}

export interface ProxyView {
  readonly place: ProxyPlace;
  readonly mesh: MeshSettings;
  readonly routeMode: RouteMode;
  readonly authorization: Authorization;
  readonly accessLogs: AccessLogs;
  readonly requestAuthentications: RequestAuthentications;
  /** Of endpoints, since one of the ports wants it. */
  readonly preserveHeaderCase: boolean;
  readonly envoyPatches: EnvoyPatches['patches'];
  readonly listeners: readonly ListenerView[];
  readonly routeTables: readonly RouteTableView[];
  /** What routes refer to and exists; by what names it. */
  readonly clusters: PersistentMap<ClusterView>;
  /** Usable ones that this proxy may have. */
  readonly secrets: readonly SecretView[];
  readonly ports: readonly PortRow[];
  /** What only shows once Gateways meet on one proxy: conflicts, shadowed routes, unusable Secrets. */
  readonly diagnostics: readonly Diagnostic[];
}
