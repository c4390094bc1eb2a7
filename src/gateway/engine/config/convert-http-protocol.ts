// Which HTTP a cluster's hosts are spoken to, how connections to them are kept, and which answers count as errors.
import type { Any } from '@bufbuild/protobuf/wkt';
import type { Cluster } from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { MatchPredicate } from '../../../xds/generated/envoy/config/common/matcher/v3/matcher_pb.ts';
import type {
  HttpProtocolOptions as CommonOptions,
  Http1ProtocolOptions,
  Http2ProtocolOptions,
} from '../../../xds/generated/envoy/config/core/v3/protocol_pb.ts';
import {
  type HttpProtocolOptions,
  HttpProtocolOptionsSchema,
} from '../../../xds/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { matchesHeader } from '../match/match-predicates.ts';
import { preservesHeaderCase } from './convert-header-case.ts';
import { convertHeaderMatcher } from './convert-route-predicates.ts';
import { durationMs } from './duration-ms.ts';
import type { ClusterConfig, ErrorMatcher, UpstreamConnectionConfig } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { unpackAny } from './unpack-any.ts';
import { snakeCase, warnUnhandledFields } from './warn-unhandled-fields.ts';

const protocolFields = new Set([
  ...['upstreamProtocolOptions', 'commonHttpProtocolOptions', 'upstreamHttpProtocolOptions', 'outlierDetection'],
]);
const nameFields = new Set(['autoSni', 'autoSanValidation']);
const commonFields = new Set(['idleTimeout', 'maxConnectionDuration', 'maxRequestsPerConnection']);
/** Windows and frame sizes are the engine's own. */
const http2Fields = new Set([
  ...['maxConcurrentStreams', 'connectionKeepalive', 'initialStreamWindowSize', 'initialConnectionWindowSize'],
  ...['hpackTableSize', 'allowConnect'],
]);
const oneHour = 3_600_000;

type Connections = Omit<UpstreamConnectionConfig, 'tcpKeepalive'>;

export interface ConvertedHttpProtocol {
  readonly protocol: ClusterConfig['protocol'];
  readonly connections: Connections;
  readonly isError: ErrorMatcher | undefined;
}

const defaults: Connections = {
  idleTimeoutMs: oneHour,
  maxDurationMs: 0,
  maxRequests: 0,
  maxConcurrentStreams: undefined,
  http2Keepalive: undefined,
  autoSni: false,
  autoSanValidation: false,
  preservesHeaderCase: false,
};

export function convertHttpProtocol(cluster: Cluster, findings: Findings): ConvertedHttpProtocol {
  const options = Object.entries(cluster.typedExtensionProtocolOptions).flatMap(
    ([name, any]) => unpack(name, any, findings) ?? [],
  )[0];
  if (options === undefined)
    return {
      protocol: cluster.http2ProtocolOptions ? 'http2' : 'http1',
      connections: { ...defaults, ...http2Settings(cluster.http2ProtocolOptions, findings) },
      isError: undefined,
    };
  const inside = findings.within('Cluster', 'HttpProtocolOptions');
  warnUnhandledFields(options, protocolFields, inside);
  const { protocol, http1, http2 } = upstreamProtocol(options, findings);
  const names = options.upstreamHttpProtocolOptions;
  if (names) warnUnhandledFields(names, nameFields, inside);
  return {
    protocol,
    connections: {
      ...defaults,
      ...commonSettings(options.commonHttpProtocolOptions, inside),
      ...http2Settings(http2, inside),
      preservesHeaderCase: preservesHeaderCase(http1, inside),
      autoSni: names?.autoSni ?? false,
      autoSanValidation: names?.autoSanValidation ?? false,
    },
    isError: errorMatcher(options.outlierDetection?.errorMatcher, inside),
  };
}

function unpack(name: string, any: Any, findings: Findings): HttpProtocolOptions | undefined {
  const options = unpackAny(any, HttpProtocolOptionsSchema, findings);
  if (options === undefined)
    findings.warn(`protocol options '${name}' are not supported by the embedded engine: they have no effect`);
  return options;
}

interface UpstreamProtocol {
  readonly protocol: ClusterConfig['protocol'];
  readonly http1?: Http1ProtocolOptions | undefined;
  readonly http2?: Http2ProtocolOptions | undefined;
}

function upstreamProtocol(options: HttpProtocolOptions, findings: Findings): UpstreamProtocol {
  const upstream = options.upstreamProtocolOptions;
  switch (upstream.case) {
    case 'explicitHttpConfig': {
      const { protocolConfig } = upstream.value;
      if (protocolConfig.case === 'http2ProtocolOptions') return { protocol: 'http2', http2: protocolConfig.value };
      if (protocolConfig.case === 'http3ProtocolOptions')
        findings.warn('HTTP/3 is not supported by the embedded engine: backends are spoken to in HTTP/1.1');
      return {
        protocol: 'http1',
        http1: protocolConfig.case === 'httpProtocolOptions' ? protocolConfig.value : undefined,
      };
    }
    case 'useDownstreamProtocolConfig':
      return {
        protocol: 'downstream',
        http1: upstream.value.httpProtocolOptions,
        http2: upstream.value.http2ProtocolOptions,
      };
    case undefined:
      findings.required('HttpProtocolOptions', 'upstream_protocol_options');
      return { protocol: 'http1' };
    default:
      findings.warn(
        `${snakeCase(upstream.case)} is not supported by the embedded engine: backends are spoken to in HTTP/1.1`,
      );
      return { protocol: 'http1' };
  }
}

function commonSettings(common: CommonOptions | undefined, findings: Findings): Partial<Connections> {
  if (common === undefined) return {};
  warnUnhandledFields(common, commonFields, findings);
  return {
    idleTimeoutMs: durationMs(common.idleTimeout, oneHour),
    maxDurationMs: durationMs(common.maxConnectionDuration, 0),
    maxRequests: common.maxRequestsPerConnection ?? 0,
  };
}

function http2Settings(http2: Http2ProtocolOptions | undefined, findings: Findings): Partial<Connections> {
  if (http2 === undefined) return {};
  warnUnhandledFields(http2, http2Fields, findings);
  const keepalive = http2.connectionKeepalive;
  if (keepalive && keepalive.timeout === undefined)
    findings.constraint('KeepaliveSettings', 'Timeout', 'value is required');
  return {
    maxConcurrentStreams: http2.maxConcurrentStreams,
    http2Keepalive:
      keepalive?.interval === undefined
        ? undefined
        : { intervalMs: durationMs(keepalive.interval, 0), timeoutMs: durationMs(keepalive.timeout, 0) },
  };
}

/** Undefined: 5xx are errors. What cannot be judged is no error: hosts must not be ejected by mistake. */
function errorMatcher(predicate: MatchPredicate | undefined, findings: Findings): ErrorMatcher | undefined {
  if (predicate?.rule.case === undefined) return undefined;
  switch (predicate.rule.case) {
    case 'anyMatch':
      return () => true;
    case 'orMatch': {
      const rules = predicate.rule.value.rules.flatMap((rule) => errorMatcher(rule, findings) ?? []);
      return (status) => rules.some((matches) => matches(status));
    }
    case 'httpResponseHeadersMatch': {
      const matchers = predicate.rule.value.headers.map((header) => convertHeaderMatcher(header, findings));
      if (matchers.every((matcher) => matcher?.name === ':status'))
        return (status) => matchers.every((matcher) => matcher && matchesHeader(matcher, [String(status)]));
      findings.warn('an error_matcher of headers is not supported by the embedded engine: it finds no errors');
      return () => false;
    }
    default:
      findings.warn(
        `error_matcher ${snakeCase(predicate.rule.case)} is not supported by the embedded engine: it finds no errors`,
      );
      return () => false;
  }
}
