// The transport socket of a cluster: plaintext or TLS, with a PROXY header in front of either.
import type { Cluster } from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { TransportSocket } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { ProxyProtocolConfig_Version as Version } from '../../../xds/generated/envoy/config/core/v3/proxy_protocol_pb.ts';
import { ProxyProtocolUpstreamTransportSchema } from '../../../xds/generated/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.ts';
import type { CertificateValidationContext } from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import {
  type CommonTlsContext,
  type UpstreamTlsContext,
  UpstreamTlsContextSchema,
} from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import {
  addInlineRoots,
  convertNames,
  convertParameters,
  nameCertificates,
  nameSecret,
  type TlsContextOf,
} from './convert-tls-secrets.ts';
import type { UpstreamTls } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { extensionType, notRegistered, rawBuffer, unpackAny } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

export interface UpstreamSocket {
  readonly tls?: UpstreamTls;
  readonly proxyProtocol?: 'V1' | 'V2';
}

const tlsFields = new Set(['commonTlsContext', 'sni', 'maxSessionKeys', 'enforceRsaKeyUsage']);
const commonFields = new Set([
  ...['tlsParams', 'tlsCertificates', 'tlsCertificateSdsSecretConfigs', 'validationContextType', 'alpnProtocols'],
]);
const validationFields = new Set(['trustedCa', 'crl', 'matchSubjectAltNames']);
const proxyFields = new Set(['config', 'transportSocket']);

/** `unusable`: the engine could reach the hosts only in a way that nobody asked for. */
export function convertUpstreamSocket(
  cluster: Cluster,
  context: TlsContextOf,
  findings: Findings,
): UpstreamSocket | 'unusable' {
  if (cluster.transportSocketMatches.length > 0) {
    findings.warn('transport_socket_matches is not supported by the embedded engine: the cluster has no endpoints');
    return 'unusable';
  }
  return convertSocket(cluster.transportSocket, context, findings.within('Cluster', 'TransportSocket'));
}

function convertSocket(
  socket: TransportSocket | undefined,
  context: TlsContextOf,
  findings: Findings,
): UpstreamSocket | 'unusable' {
  if (socket === undefined) return {};
  const any = socket.configType.case === 'typedConfig' ? socket.configType.value : undefined;
  if (extensionType(any) === rawBuffer) return {};
  const proxied = unpackAny(any, ProxyProtocolUpstreamTransportSchema, findings);
  if (proxied !== undefined) {
    warnUnhandledFields(proxied, proxyFields, findings);
    const inner = convertSocket(proxied.transportSocket, context, findings);
    const version = proxied.config?.version === Version.V2 ? 'V2' : 'V1';
    return inner === 'unusable' ? inner : { ...inner, proxyProtocol: version };
  }
  const tls = unpackAny(any, UpstreamTlsContextSchema, findings);
  if (tls !== undefined) return { tls: convertTls(tls, context, findings) };
  if (findings.errors.length === 0) findings.reject(notRegistered(socket.name, any));
  return 'unusable';
}

function convertTls(tls: UpstreamTlsContext, context: TlsContextOf, findings: Findings): UpstreamTls {
  warnUnhandledFields(tls, tlsFields, findings);
  const common = tls.commonTlsContext;
  if (common) warnUnhandledFields(common, commonFields, findings);
  return {
    certificates: common ? nameCertificates(common, context, findings) : [],
    ...convertValidation(common, context, findings),
    sni: tls.sni,
    alpnProtocols: common?.alpnProtocols ?? [],
    ...convertParameters(common?.tlsParams, findings),
  };
}

function convertValidation(
  common: CommonTlsContext | undefined,
  context: TlsContextOf,
  findings: Findings,
): Pick<UpstreamTls, 'roots' | 'subjectAltNames'> {
  const kind = common?.validationContextType ?? { case: undefined };
  let own: CertificateValidationContext | undefined;
  let roots: string | undefined;
  const inside = findings.within('CommonTlsContext', 'ValidationContextSdsSecretConfig');
  if (kind.case === 'combinedValidationContext') {
    own = kind.value.defaultValidationContext;
    const named = kind.value.validationContextSdsSecretConfig;
    roots = named && nameSecret(named, context, inside);
  } else if (kind.case === 'validationContextSdsSecretConfig') roots = nameSecret(kind.value, context, inside);
  else if (kind.case === 'validationContext') own = kind.value;
  if (own) warnUnhandledFields(own, validationFields, findings);
  return {
    roots: roots ?? (own?.trustedCa && addInlineRoots(own, context, findings)),
    subjectAltNames: convertNames(own?.matchSubjectAltNames ?? [], findings),
  };
}
