// The xDS resource types we send and read, and the order in which a change must travel.

const prefix = 'type.googleapis.com/';

export const typeUrls = {
  cluster: `${prefix}envoy.config.cluster.v3.Cluster`,
  endpoint: `${prefix}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  listener: `${prefix}envoy.config.listener.v3.Listener`,
  scopedRoute: `${prefix}envoy.config.route.v3.ScopedRouteConfiguration`,
  route: `${prefix}envoy.config.route.v3.RouteConfiguration`,
  secret: `${prefix}envoy.extensions.transport_sockets.tls.v3.Secret`,
} as const;

export type TypeUrl = (typeof typeUrls)[keyof typeof typeUrls];

/** Istio's push order: what is referred to goes before what refers to it. */
export const pushOrder: readonly TypeUrl[] = [
  typeUrls.cluster,
  typeUrls.endpoint,
  typeUrls.listener,
  typeUrls.scopedRoute,
  typeUrls.route,
  typeUrls.secret,
];

/** The short names people know. */
export const shortNames: Readonly<Record<TypeUrl, 'CDS' | 'EDS' | 'LDS' | 'SRDS' | 'RDS' | 'SDS'>> = {
  [typeUrls.cluster]: 'CDS',
  [typeUrls.endpoint]: 'EDS',
  [typeUrls.listener]: 'LDS',
  [typeUrls.scopedRoute]: 'SRDS',
  [typeUrls.route]: 'RDS',
  [typeUrls.secret]: 'SDS',
};

export function isTypeUrl(value: string): value is TypeUrl {
  return Object.hasOwn(shortNames, value);
}
