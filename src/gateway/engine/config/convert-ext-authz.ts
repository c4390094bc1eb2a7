// Envoy's ext_authz, of requests and of connections → who is asked and how. What cannot be done as asked refuses the listener.
import { create } from '@bufbuild/protobuf';
import {
  type HeaderValue,
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import type { GrpcService } from '../../../xds/generated/envoy/config/core/v3/grpc_service_pb.ts';
import type {
  ExtAuthz as EnvoyExtAuthz,
  HttpService,
} from '../../../xds/generated/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.ts';
import type { ExtAuthz as EnvoyNetworkExtAuthz } from '../../../xds/generated/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.ts';
import type { ListStringMatcher } from '../../../xds/generated/envoy/type/matcher/v3/string_pb.ts';
import { convertHeaderMutations } from './convert-header-mutations.ts';
import { convertMetadataMatcher } from './convert-metadata-matcher.ts';
import { convertStringMatcher } from './convert-string-matcher.ts';
import { durationMs } from './duration-ms.ts';
import type { ExtAuthz, ExtAuthzBody, ExtAuthzGrpc, ExtAuthzHttp } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const httpFilterFields = new Set([
  ...['services', 'transportApiVersion', 'failureModeAllow', 'failureModeAllowHeaderAdd', 'withRequestBody'],
  ...['clearRouteCache', 'statusOnError', 'filterEnabledMetadata', 'allowedHeaders', 'disallowedHeaders'],
  // Only of interest to statistics.
  ...['statPrefix', 'chargeClusterResponseStats'],
]);
const networkFilterFields = new Set([
  ...['statPrefix', 'grpcService', 'failureModeAllow', 'transportApiVersion', 'filterEnabledMetadata'],
]);
const httpServiceFields = new Set(['serverUri', 'pathPrefix', 'authorizationRequest', 'authorizationResponse']);
const requestFields = new Set(['headersToAdd']);
const responseFields = new Set([
  ...['allowedUpstreamHeaders', 'allowedUpstreamHeadersToAppend', 'allowedClientHeaders'],
  'allowedClientHeadersOnSuccess',
]);
const grpcServiceFields = new Set(['targetSpecifier', 'timeout']);
const envoyGrpcFields = new Set(['clusterName', 'authority']);

/** Where no timeout is set. */
const defaultTimeoutMs = 200;
const forbidden = 403;

/** What is passed over could be what keeps somebody out. */
function rejectUnhandled(
  message: Parameters<typeof warnUnhandledFields>[0],
  handled: ReadonlySet<string>,
  findings: Findings,
) {
  if (warnUnhandledFields(message, handled, findings, 'nothing is served unguarded'))
    findings.reject('ext_authz asks for what the embedded engine cannot do, and it serves nothing unguarded');
}

/** Undefined together with an error. */
export function convertExtAuthz(message: EnvoyExtAuthz, findings: Findings): ExtAuthz | undefined {
  rejectUnhandled(message, httpFilterFields, findings);
  const converted = convertService(message, findings);
  if (converted === undefined) return undefined;
  const isHttp = converted.service.kind === 'http';
  return {
    kind: 'ext_authz',
    ...converted,
    isAsked: convertCondition(message, findings),
    failureModeAllow: message.failureModeAllow,
    failureModeAllowHeaderAdd: message.failureModeAllowHeaderAdd,
    statusOnError: message.statusOnError?.code ?? forbidden,
    clearRouteCache: message.clearRouteCache,
    body: convertBody(message.withRequestBody, findings),
    sends: convertSends(message, isHttp, findings),
  };
}

/** Undefined together with an error. */
export function convertNetworkExtAuthz(message: EnvoyNetworkExtAuthz, findings: Findings): ExtAuthz | undefined {
  rejectUnhandled(message, networkFilterFields, findings);
  if (message.grpcService === undefined) {
    findings.constraint('ExtAuthz', 'GrpcService', 'value is required');
    return undefined;
  }
  const converted = convertGrpcService(message.grpcService, findings);
  return (
    converted && {
      kind: 'ext_authz',
      ...converted,
      isAsked: convertCondition(message, findings),
      failureModeAllow: message.failureModeAllow,
      failureModeAllowHeaderAdd: false,
      statusOnError: forbidden,
      clearRouteCache: false,
      body: undefined,
      sends: () => false,
    }
  );
}

type Service = Pick<ExtAuthz, 'service' | 'timeoutMs'>;

function convertService({ services }: EnvoyExtAuthz, findings: Findings): Service | undefined {
  switch (services.case) {
    case 'grpcService':
      return convertGrpcService(services.value, findings);
    case 'httpService':
      return convertHttpService(services.value, findings);
    case undefined:
      findings.required('ExtAuthz', 'services');
      return undefined;
  }
}

function convertGrpcService(service: GrpcService, findings: Findings): Service | undefined {
  rejectUnhandled(service, grpcServiceFields, findings);
  const { targetSpecifier } = service;
  if (targetSpecifier.case !== 'envoyGrpc') {
    findings.reject('ext_authz is asked only through envoy_grpc by the embedded engine');
    return undefined;
  }
  rejectUnhandled(targetSpecifier.value, envoyGrpcFields, findings);
  const { clusterName: cluster, authority } = targetSpecifier.value;
  const grpc: ExtAuthzGrpc = { kind: 'grpc', cluster, authority: authority || undefined };
  return { service: grpc, timeoutMs: durationMs(service.timeout, defaultTimeoutMs) };
}

function convertHttpService(service: HttpService, findings: Findings): Service | undefined {
  rejectUnhandled(service, httpServiceFields, findings);
  const { serverUri, authorizationRequest: request, authorizationResponse: response } = service;
  if (request) rejectUnhandled(request, requestFields, findings);
  if (response) rejectUnhandled(response, responseFields, findings);
  if (serverUri?.httpUpstreamType.case !== 'cluster') {
    findings.constraint('HttpService', 'ServerUri', 'value is required');
    return undefined;
  }
  const patterns = (list: ListStringMatcher | undefined) => anyOf(convertPatterns(list, findings));
  const toClient = convertPatterns(response?.allowedClientHeaders, findings);
  const http: ExtAuthzHttp = {
    kind: 'http',
    cluster: serverUri.httpUpstreamType.value,
    pathPrefix: service.pathPrefix,
    headersToAdd: convertHeadersToAdd(request?.headersToAdd ?? [], findings),
    toUpstream: patterns(response?.allowedUpstreamHeaders),
    toUpstreamAppended: patterns(response?.allowedUpstreamHeadersToAppend),
    toClientOnSuccess: patterns(response?.allowedClientHeadersOnSuccess),
    // Without a list all of them are.
    toClientOnDenial:
      toClient.length === 0 ? () => true : (name) => alwaysToClient.has(name) || toClient.some((is) => is(name)),
  };
  return { service: http, timeoutMs: durationMs(serverUri.timeout, defaultTimeoutMs) };
}

/** Which a client that is not let in gets in any case. */
const alwaysToClient: ReadonlySet<string> = new Set([...['content-length', 'www-authenticate', 'location']]);

type Patterns = readonly ((name: string) => boolean)[];

const convertPatterns = (list: ListStringMatcher | undefined, findings: Findings): Patterns =>
  (list?.patterns ?? []).map((pattern) => {
    const converted = convertStringMatcher(pattern, findings.within('ListStringMatcher', 'Patterns'));
    if (converted === undefined && findings.errors.length === 0)
      findings.reject('ext_authz names headers in a way that the embedded engine cannot match');
    return converted?.matches ?? (() => false);
  });

const anyOf =
  (patterns: Patterns): ((name: string) => boolean) =>
  (name) =>
    patterns.some((matches) => matches(name));

function convertHeadersToAdd(
  headers: NonNullable<HttpService['authorizationRequest']>['headersToAdd'],
  findings: Findings,
): ExtAuthzHttp['headersToAdd'] {
  return convertHeaderMutations(
    {
      requestHeadersToAdd: headers.map((header) => overwrite(header)),
      requestHeadersToRemove: [],
      responseHeadersToAdd: [],
      responseHeadersToRemove: [],
    },
    'AuthorizationRequest',
    findings,
  )?.request;
}

function convertCondition(
  { filterEnabledMetadata: matcher }: Pick<EnvoyExtAuthz, 'filterEnabledMetadata'>,
  findings: Findings,
): ExtAuthz['isAsked'] {
  if (matcher === undefined) return () => true;
  const condition = convertMetadataMatcher(matcher, findings.within('ExtAuthz', 'FilterEnabledMetadata'));
  if (condition === undefined && findings.errors.length === 0)
    findings.reject('ext_authz depends on metadata in a way that the embedded engine cannot judge');
  return condition ?? (() => true);
}

function convertBody(settings: EnvoyExtAuthz['withRequestBody'], findings: Findings): ExtAuthzBody | undefined {
  if (settings === undefined) return undefined;
  if (settings.maxRequestBytes === 0)
    findings
      .within('ExtAuthz', 'WithRequestBody')
      .constraint('BufferSettings', 'MaxRequestBytes', 'value must be greater than 0');
  return {
    maxBytes: settings.maxRequestBytes,
    allowPartial: settings.allowPartialMessage,
    packAsBytes: settings.packAsBytes,
  };
}

/** What is asked in HTTP is told of no more than this, unless more is named. */
const alwaysSent: ReadonlySet<string> = new Set(['authorization', ':method', ':path', ':authority']);

function convertSends(message: EnvoyExtAuthz, isHttp: boolean, findings: Findings): ExtAuthz['sends'] {
  const allowed = convertPatterns(message.allowedHeaders, findings);
  const disallowed = convertPatterns(message.disallowedHeaders, findings);
  const isAllowed =
    isHttp || message.allowedHeaders !== undefined
      ? (name: string) => (isHttp && alwaysSent.has(name)) || allowed.some((matches) => matches(name))
      : () => true;
  return (name) => isAllowed(name) && !disallowed.some((matches) => matches(name));
}

const overwrite = (header: HeaderValue): HeaderValueOption =>
  create(HeaderValueOptionSchema, {
    header,
    appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
  });
