// What an expression can ask of a finished request, by Envoy's names; nothing is made before it is asked for.
import { type CelInput, type CelMap, celMap } from '@bufbuild/cel';
import { create } from '@bufbuild/protobuf';
import { DurationSchema, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { RequestInfo } from '../config/request-info.ts';
import { splitAddress } from './address.ts';
import { grpcStatus } from './grpc-status.ts';
import { requestHeader, responseHeader } from './operators.ts';
import { responseFlagBits } from './response-flag-names.ts';

/** Undefined is an attribute that this request does not have: has() is false, and reading it fails. */
type Read = (info: RequestInfo) => CelInput | undefined;
type Attributes = Readonly<Record<string, Read>>;

const int = (value: number | undefined): bigint | undefined =>
  value === undefined ? undefined : BigInt(Math.trunc(value));
const duration = (ms: number): CelInput =>
  create(DurationSchema, { seconds: BigInt(Math.trunc(ms / 1000)), nanos: Math.trunc((ms % 1000) * 1e6) });
const portOf = (address: string | undefined): bigint | undefined =>
  address === undefined ? undefined : int(splitAddress(address).port);
const pathPart = (info: RequestInfo, part: 0 | 1): string | undefined => {
  if (info.path === undefined) return undefined;
  const question = info.path.indexOf('?');
  if (question === -1) return part === 0 ? info.path : '';
  return part === 0 ? info.path.slice(0, question) : info.path.slice(question + 1).split('#', 1)[0];
};
const ofHttp =
  (read: Read): Read =>
  (info) =>
    info.kind === 'http' ? read(info) : undefined;
const header = (name: string): Read => ofHttp((info) => requestHeader(info, name));

const request: Attributes = {
  path: ofHttp(({ path }) => path),
  url_path: ofHttp((info) => pathPart(info, 0)),
  query: ofHttp((info) => pathPart(info, 1)),
  host: ofHttp(({ authority }) => authority),
  scheme: header(':scheme'),
  method: ofHttp(({ method }) => method),
  referer: header('referer'),
  useragent: header('user-agent'),
  id: header('x-request-id'),
  headers: ofHttp((info) => lazyMap((name) => requestHeader(info, name.toLowerCase()))),
  protocol: ({ protocol }) => protocol,
  time: ({ startTime }) => timestampFromMs(startTime),
  duration: ({ durationMs }) => duration(durationMs),
  size: ({ bytesReceived }) => int(bytesReceived),
};

const response: Attributes = {
  code: ({ responseCode }) => (responseCode === 0 ? undefined : int(responseCode)),
  code_details: ({ responseCodeDetails }) => responseCodeDetails,
  flags: ({ responseFlags }) => int(responseFlagBits(responseFlags)),
  grpc_status: ofHttp((info) => int(grpcStatus(info))),
  headers: ofHttp((info) => lazyMap((name) => responseHeader(info, name.toLowerCase()))),
  trailers: ofHttp((info) => lazyMap((name) => info.responseTrailer(name.toLowerCase()))),
  size: ({ bytesSent }) => int(bytesSent),
};

const connection: Attributes = {
  id: ({ connectionId }) => int(connectionId),
  requested_server_name: ({ requestedServerName }) => requestedServerName ?? '',
  tls_version: ({ downstreamTlsVersion }) => downstreamTlsVersion,
  termination_details: ({ connectionTerminationDetails }) => connectionTerminationDetails,
};

const upstream: Attributes = {
  address: ({ upstreamHost }) => upstreamHost,
  port: ({ upstreamHost }) => portOf(upstreamHost),
  local_address: ({ upstreamLocalAddress }) => upstreamLocalAddress,
  transport_failure_reason: ({ upstreamTransportFailureReason }) => upstreamTransportFailureReason,
  request_attempt_count: ({ upstreamRequestAttemptCount }) => int(upstreamRequestAttemptCount),
};

const source: Attributes = {
  address: ({ downstreamRemoteAddress }) => downstreamRemoteAddress,
  port: ({ downstreamRemoteAddress }) => portOf(downstreamRemoteAddress),
};

const destination: Attributes = {
  address: ({ downstreamLocalAddress }) => downstreamLocalAddress,
  port: ({ downstreamLocalAddress }) => portOf(downstreamLocalAddress),
};

const xds: Attributes = {
  cluster_name: ({ upstreamCluster }) => upstreamCluster,
  route_name: ({ routeName }) => routeName,
  filter_chain_name: ({ filterChainName }) => filterChainName,
};

const groups = { request, response, connection, upstream, source, destination, xds };

/** Envoy's, of which nothing is known here. */
export const unservedAttributes: ReadonlySet<string> = new Set([
  ...['request.total_size', 'response.total_size', 'response.backend_latency'],
  ...['connection.mtls', 'connection.transport_failure_reason'],
  ...['subject', 'dns_san', 'uri_san'].flatMap((of) =>
    ['connection', 'upstream'].flatMap((side) => [`${side}.${of}_local_certificate`, `${side}.${of}_peer_certificate`]),
  ),
  ...['connection', 'upstream'].map((side) => `${side}.sha256_peer_certificate_digest`),
  ...['upstream.tls_version', 'upstream.cx_pool_ready_duration', 'upstream.locality'],
  ...['cluster', 'route', 'virtual_host', 'upstream_host', 'listener'].map((of) => `xds.${of}_metadata`),
  ...['xds.virtual_host_name', 'xds.listener_direction', 'xds.node'],
  ...['metadata', 'filter_state', 'upstream_filter_state'],
]);

export const attributesOf = (info: RequestInfo): Record<string, CelMap> =>
  Object.fromEntries(
    Object.entries(groups).map(([name, attributes]) => [
      name,
      lazyMap((key) => (Object.hasOwn(attributes, key) ? attributes[key]?.(info) : undefined)),
    ]),
  );

/** A map that can be asked, and not walked: expressions in Envoy have no loops. */
function lazyMap(read: (name: string) => CelInput | undefined): CelMap {
  const nothing = new Map<string, CelInput>();
  const get = (key: unknown): CelInput | undefined => (typeof key === 'string' ? read(key) : undefined);
  return celMap({
    get,
    has: (key: unknown) => get(key) !== undefined,
    size: 0,
    forEach: () => undefined,
    keys: () => nothing.keys(),
    values: () => nothing.values(),
    entries: () => nothing.entries(),
    [Symbol.iterator]: () => nothing[Symbol.iterator](),
  });
}
