// The transport socket of a filter chain: plaintext, or TLS with certificates by SDS.
import type { TransportSocket } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import type { ConfigSource } from '../../../xds/generated/envoy/config/core/v3/config_source_pb.ts';
import {
  type CertificateValidationContext,
  TlsParameters_TlsProtocol as Protocol,
  type TlsCertificate,
  type TlsParameters,
  CertificateValidationContext_TrustChainVerification as TrustChainVerification,
} from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import type { SdsSecretConfig } from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import {
  type CommonTlsContext,
  DownstreamTlsContextSchema,
} from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { fileSecretCluster } from '../../../xds/resource-names.ts';
import type { ChainContext } from './chain-context.ts';
import { convertCertificate, convertValidation } from './convert-secret.ts';
import { convertStringMatcher } from './convert-string-matcher.ts';
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
const parameterFields = new Set([
  'tlsMinimumProtocolVersion',
  'tlsMaximumProtocolVersion',
  'cipherSuites',
  'ecdhCurves',
]);
const validationFields = new Set([
  ...['trustedCa', 'crl', 'matchSubjectAltNames', 'verifyCertificateSpki', 'verifyCertificateHash'],
  'trustChainVerification',
]);

/** Undefined is plaintext. */
export function convertDownstreamTls(
  socket: TransportSocket | undefined,
  context: ChainContext,
  findings: Findings,
): DownstreamTls | undefined {
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
  context: ChainContext,
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
  const subjectAltNames = (own?.matchSubjectAltNames ?? []).flatMap((matcher, index) => {
    const converted = convertStringMatcher(
      matcher,
      findings.within('CertificateValidationContext', `MatchSubjectAltNames[${index}]`),
    );
    const exact = matcher.matchPattern.case === 'exact' ? matcher.matchPattern.value : undefined;
    return converted === undefined ? [] : [{ ...converted, exact }];
  });
  const validation = {
    roots,
    acceptUntrusted: own?.trustChainVerification === TrustChainVerification.ACCEPT_UNTRUSTED,
    subjectAltNames,
    spki: own?.verifyCertificateSpki ?? [],
    hashes: (own?.verifyCertificateHash ?? []).map((hash) => hash.replaceAll(':', '').toLowerCase()),
  };
  return { clientCertificate: required ? 'required' : 'optional', validation };
}

function addInlineRoots(own: CertificateValidationContext, context: ChainContext, findings: Findings): string {
  const name = `inline ${context.listener}/${context.chain}/roots`;
  context.needs.inlineSecrets.set(name, convertValidation(own, name, context.version, findings));
  return name;
}

function nameCertificates(common: CommonTlsContext, context: ChainContext, findings: Findings): readonly string[] {
  const inline = common.tlsCertificates.map((certificate, index) => addInline(certificate, index, context, findings));
  const named = common.tlsCertificateSdsSecretConfigs.flatMap(
    (secret, index) =>
      nameSecret(secret, context, findings.within('CommonTlsContext', `TlsCertificateSdsSecretConfigs[${index}]`)) ??
      [],
  );
  return [...inline, ...named];
}

/** Space and slashes: no SDS name of Istio's looks like this. */
function addInline(certificate: TlsCertificate, index: number, context: ChainContext, findings: Findings): string {
  const name = `inline ${context.listener}/${context.chain}/${index}`;
  context.needs.inlineSecrets.set(name, convertCertificate(certificate, name, context.version, findings));
  return name;
}

function nameSecret(secret: SdsSecretConfig, { needs }: ChainContext, findings: Findings): string | undefined {
  if (secret.name === '') {
    findings.constraint('SdsSecretConfig', 'Name', 'value length must be at least 1 characters');
    return undefined;
  }
  const source = secretSource(secret.sdsConfig);
  if (source === 'ads') needs.secrets.add(secret.name);
  else if (source === 'files') needs.fileSecrets.add(secret.name);
  else if (source === 'static') findings.reject(`Unknown static secret: ${secret.name}`);
  else
    findings.reject(`the embedded engine has no source for secret ${secret.name}: ADS and ${fileSecretCluster} only`);
  return secret.name;
}

function secretSource(source: ConfigSource | undefined): 'ads' | 'files' | 'static' | 'unknown' {
  const specifier = source?.configSourceSpecifier;
  if (source === undefined || specifier === undefined) return 'static';
  if (specifier.case === 'ads') return 'ads';
  if (specifier.case !== 'apiConfigSource') return 'unknown';
  const fromGateway = specifier.value.grpcServices.some(
    ({ targetSpecifier }) =>
      targetSpecifier.case === 'envoyGrpc' && targetSpecifier.value.clusterName === fileSecretCluster,
  );
  return fromGateway ? 'files' : 'unknown';
}

const versions: Readonly<Record<Protocol, DownstreamTls['minVersion']>> = {
  [Protocol.TLS_AUTO]: undefined,
  [Protocol.TLSv1_0]: 'TLSv1',
  [Protocol.TLSv1_1]: 'TLSv1.1',
  [Protocol.TLSv1_2]: 'TLSv1.2',
  [Protocol.TLSv1_3]: 'TLSv1.3',
};

function convertParameters(
  parameters: TlsParameters | undefined,
  findings: Findings,
): Pick<DownstreamTls, 'minVersion' | 'maxVersion' | 'cipherSuites' | 'ecdhCurves'> {
  if (parameters === undefined)
    return { minVersion: undefined, maxVersion: undefined, cipherSuites: [], ecdhCurves: [] };
  warnUnhandledFields(parameters, parameterFields, findings);
  return {
    minVersion: versions[parameters.tlsMinimumProtocolVersion],
    maxVersion: versions[parameters.tlsMaximumProtocolVersion],
    cipherSuites: parameters.cipherSuites,
    ecdhCurves: parameters.ecdhCurves,
  };
}
