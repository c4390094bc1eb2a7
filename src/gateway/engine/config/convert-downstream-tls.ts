// The transport socket of a filter chain: plaintext, or TLS with certificates by SDS.
import type { TransportSocket } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification as TrustChainVerification,
} from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import type { SdsSecretConfig } from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import {
  type CommonTlsContext,
  DownstreamTlsContextSchema,
} from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { ChainContext } from './chain-context.ts';
import {
  addInlineRoots,
  convertNames,
  convertParameters,
  nameCertificates,
  nameSecret,
  type TlsContextOf,
} from './convert-tls-secrets.ts';
import type { DownstreamTls } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { extensionType, notRegistered, rawBuffer, unpackAny } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const contextFields = new Set([
  ...['commonTlsContext', 'requireClientCertificate'],
  // Resumption is the TLS library's matter; a client sees no difference but time.
  ...['sessionTicketKeysType', 'sessionTimeout', 'disableStatefulSessionResumption', 'fullScanCertsOnSniMismatch'],
]);
const commonFields = new Set([
  ...['tlsParams', 'tlsCertificates', 'tlsCertificateSdsSecretConfigs', 'validationContextType', 'alpnProtocols'],
]);
const validationFields = new Set([
  ...['trustedCa', 'crl', 'matchSubjectAltNames', 'verifyCertificateSpki', 'verifyCertificateHash'],
  'trustChainVerification',
]);

/** Undefined is plaintext. */
export function convertDownstreamTls(
  socket: TransportSocket | undefined,
  chain: ChainContext,
  findings: Findings,
): DownstreamTls | undefined {
  const context: TlsContextOf = {
    owner: `${chain.listener}/${chain.chain}`,
    version: chain.version,
    needs: chain.needs,
  };
  if (socket === undefined) return undefined;
  const any = socket.configType.case === 'typedConfig' ? socket.configType.value : undefined;
  if (extensionType(any) === rawBuffer) return undefined;
  const tls = unpackAny(any, DownstreamTlsContextSchema, findings);
  if (tls === undefined) {
    if (findings.errors.length === 0) findings.reject(notRegistered(socket.name, any));
    return undefined;
  }
  warnUnhandledFields(tls, contextFields, findings);
  const common = tls.commonTlsContext;
  if (common) warnUnhandledFields(common, commonFields, findings);
  const certificates = common ? nameCertificates(common, context, findings) : [];
  const clients = convertClients(tls.requireClientCertificate ?? false, common, context, findings);
  if (certificates.length === 0) findings.reject('No TLS certificates found for server context');
  return {
    certificates: clients === undefined ? [] : certificates,
    ...(clients ?? { clientCertificate: 'required', validation: undefined }),
    alpnProtocols: common?.alpnProtocols ?? [],
    ...convertParameters(common?.tlsParams, findings),
  };
}

type Clients = Pick<DownstreamTls, 'clientCertificate' | 'validation'>;

/** Undefined: clients would have to show a certificate that nobody checks. Such a chain closes. */
function convertClients(
  required: boolean,
  common: CommonTlsContext | undefined,
  context: TlsContextOf,
  findings: Findings,
): Clients | undefined {
  const { validationContextType: kind } = common ?? { validationContextType: { case: undefined } };
  let own: CertificateValidationContext | undefined;
  let named: SdsSecretConfig | undefined;
  if (kind.case === 'combinedValidationContext') {
    own = kind.value.defaultValidationContext;
    named = kind.value.validationContextSdsSecretConfig;
  } else if (kind.case === 'validationContextSdsSecretConfig') named = kind.value;
  else if (kind.case === 'validationContext') own = kind.value;
  if (own) warnUnhandledFields(own, validationFields, findings);
  const inside = findings.within('CommonTlsContext', 'ValidationContextSdsSecretConfig');
  const roots = named ? nameSecret(named, context, inside) : own?.trustedCa && addInlineRoots(own, context, findings);
  if (roots === undefined) {
    if (!required && kind.case === undefined) return { clientCertificate: 'none', validation: undefined };
    findings.warn(
      'client certificates without trusted authorities are not supported by the embedded engine: connections of this chain are closed',
    );
    return undefined;
  }
  const subjectAltNames = convertNames(own?.matchSubjectAltNames ?? [], findings);
  const validation = {
    roots,
    acceptUntrusted: own?.trustChainVerification === TrustChainVerification.ACCEPT_UNTRUSTED,
    subjectAltNames,
    spki: own?.verifyCertificateSpki ?? [],
    hashes: (own?.verifyCertificateHash ?? []).map((hash) => hash.replaceAll(':', '').toLowerCase()),
  };
  return { clientCertificate: required ? 'required' : 'optional', validation };
}
