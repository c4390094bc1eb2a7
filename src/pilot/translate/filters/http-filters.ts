// The one explicit order of HTTP filters, Istio's less those that only istio-proxy has. A new filter is a file here and a line.
import { create } from '@bufbuild/protobuf';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '../../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { buffer } from './buffer.ts';
import { cors } from './cors.ts';
import { fault } from './fault.ts';
import { grpcStats } from './grpc-stats.ts';
import { grpcWeb } from './grpc-web.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';
import { router } from './router.ts';

const order: readonly HttpFilterFeature[] = [grpcStats, fault, cors];

export interface HttpFilterOptions {
  /** Of routes: before anybody asks for one. */
  readonly lookUps: readonly HttpFilterFeature[];
  readonly grpcWeb: boolean;
  /** Before anybody is asked anything. */
  readonly rateLimits: readonly HttpFilterFeature[];
  /** Of answers, the gateway's own too. */
  readonly compressors: readonly HttpFilterFeature[];
  /** Bytes that the body of a request may have; undefined: it is passed on as it comes. */
  readonly bodyBytes: number | undefined;
  /** About whom others are asked; before anything else is done. */
  readonly extAuthz: readonly HttpFilterFeature[];
  /** Whose tokens count. */
  readonly jwtAuthn: readonly HttpFilterFeature[];
  /** Who may do what. */
  readonly rbac: readonly HttpFilterFeature[];
  readonly envoyDebugHeaders: boolean;
}

export function httpFilters(options: HttpFilterOptions): HttpFilter[] {
  const web = options.grpcWeb ? [grpcWeb] : [];
  const guards = [
    ...options.compressors,
    ...options.rateLimits,
    ...options.extAuthz,
    ...options.jwtAuthn,
    ...options.rbac,
  ];
  const held = options.bodyBytes === undefined ? [] : [buffer(options.bodyBytes)];
  return [...options.lookUps, ...guards, ...web, ...order, ...held, router(options.envoyDebugHeaders)].map(
    ({ name, disabled = false, config }) =>
      create(HttpFilterSchema, { name, disabled, configType: { case: 'typedConfig', value: config() } }),
  );
}
