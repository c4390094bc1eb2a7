// What both sides of TLS have in common in xDS: certificates by name, the names of peers, versions and ciphers.
import type { ConfigSource } from '../../../xds/generated/envoy/config/core/v3/config_source_pb.ts';
import {
  type CertificateValidationContext,
  TlsParameters_TlsProtocol as Protocol,
  type TlsCertificate,
  type TlsParameters,
} from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import type { SdsSecretConfig } from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import type { CommonTlsContext } from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { StringMatcher } from '../../../xds/generated/envoy/type/matcher/v3/string_pb.ts';
import { fileSecretCluster } from '../../../xds/resource-names.ts';
import type { ListenerNeeds } from './chain-context.ts';
import { convertCertificate, convertValidation } from './convert-secret.ts';
import { convertStringMatcher } from './convert-string-matcher.ts';
import type { DownstreamTls, NameMatcher } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

/** Secrets that a resource names, and those that it has inside. */
export type SecretNeeds = Pick<ListenerNeeds, 'secrets' | 'fileSecrets' | 'inlineSecrets'>;

export interface TlsContextOf {
  /** `0.0.0.0_443/0`: what inline secrets are called after. */
  readonly owner: string;
  readonly version: string;
  readonly needs: SecretNeeds;
}

const parameterFields = new Set([
  'tlsMinimumProtocolVersion',
  'tlsMaximumProtocolVersion',
  'cipherSuites',
  'ecdhCurves',
]);

export function addInlineRoots(own: CertificateValidationContext, context: TlsContextOf, findings: Findings): string {
  const name = `inline ${context.owner}/roots`;
  context.needs.inlineSecrets.set(name, convertValidation(own, name, context.version, findings));
  return name;
}

export function nameCertificates(
  common: CommonTlsContext,
  context: TlsContextOf,
  findings: Findings,
): readonly string[] {
  const inline = common.tlsCertificates.map((certificate, index) => addInline(certificate, index, context, findings));
  const named = common.tlsCertificateSdsSecretConfigs.flatMap(
    (secret, index) =>
      nameSecret(secret, context, findings.within('CommonTlsContext', `TlsCertificateSdsSecretConfigs[${index}]`)) ??
      [],
  );
  return [...inline, ...named];
}

/** Space and slashes: no SDS name of Istio's looks like this. */
function addInline(certificate: TlsCertificate, index: number, context: TlsContextOf, findings: Findings): string {
  const name = `inline ${context.owner}/${index}`;
  context.needs.inlineSecrets.set(name, convertCertificate(certificate, name, context.version, findings));
  return name;
}

export function nameSecret(secret: SdsSecretConfig, { needs }: TlsContextOf, findings: Findings): string | undefined {
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

export function convertParameters(
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

/** Names that a peer's certificate may have, in the order asked for. */
export const convertNames = (matchers: readonly StringMatcher[], findings: Findings): readonly NameMatcher[] =>
  matchers.flatMap((matcher, index) => {
    const converted = convertStringMatcher(
      matcher,
      findings.within('CertificateValidationContext', `MatchSubjectAltNames[${index}]`),
    );
    const exact = matcher.matchPattern.case === 'exact' ? matcher.matchPattern.value : undefined;
    return converted === undefined ? [] : [{ ...converted, exact }];
  });
