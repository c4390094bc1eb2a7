// A cluster as one class of proxies sees it, and what names it: what leads to backends, from routes or from filters.
import type { Subset } from '../resources/destination-rule.ts';
import type { ModelDestinationRule } from './build-destination-rules.ts';
import type { UpstreamTlsSettings } from './build-upstream-tls.ts';
import type { ClusterPolicy } from './cluster-policy.ts';
import type { ModelService, ModelServicePort } from './model.ts';

/** Names a cluster; whether it exists is another matter. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly subset: string;
  /** The cluster for sidecars behind AUTO_PASSTHROUGH, under the name that they send as SNI. */
  readonly sniDnat?: boolean | undefined;
}

export interface ClusterView {
  readonly service: ModelService;
  readonly port: ModelServicePort;
  /** Undefined: all endpoints. */
  readonly subset: Subset | undefined;
  /** What it is made after; the policy is what that comes to here. */
  readonly rule: ModelDestinationRule | undefined;
  readonly policy: ClusterPolicy;
  /** `broken`: it was asked for in a way that cannot be done, and nothing may be sent. */
  readonly tls: UpstreamTlsSettings | 'broken' | undefined;
  readonly sniDnat?: boolean;
}
