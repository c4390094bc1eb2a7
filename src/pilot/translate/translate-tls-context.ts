// The TLS side of a filter chain: certificates and roots are names, their bytes come over SDS.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { type TransportSocket, TransportSocketSchema } from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import {
  TlsParameters_TlsProtocol as Protocol,
  CertificateValidationContext_TrustChainVerification as TrustChainVerification,
} from '../../xds/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import {
  type CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '../../xds/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { fileCertificateName, fileRootName } from '../../xds/resource-names.ts';
import type { UpstreamTlsSettings } from '../model/build-upstream-tls.ts';
import { defaultMeshSettings, type TlsDefaults, type UpstreamSettings } from '../model/mesh-settings.ts';
import type { ClientValidation, RootCertificates, ServerCertificate, ServerTlsSettings } from '../model/model.ts';
import { adsSecretSource, fileSecretSource } from './config-source.ts';
import { secretName } from './secret-name.ts';

/** Names of the Secrets that pilot has to send for a cluster. */
export function upstreamSecretNames({ certificate, roots }: UpstreamTlsSettings): readonly string[] {
  return [
    ...(certificate?.kind === 'secret' ? [certificateName(certificate)] : []),
    ...(roots?.kind === 'secret' ? [rootName(roots)] : []),
  ];
}

/** Names of the Secrets that pilot has to send for a filter chain. */
export function secretNames({ certificates, validation }: ServerTlsSettings): readonly string[] {
  const roots = validation?.roots;
  return [
    ...certificates.filter(({ kind }) => kind === 'secret').map(certificateName),
    ...(roots?.kind === 'secret' ? [rootName(roots)] : []),
  ];
}

const certificateName = (certificate: ServerCertificate): string =>
  certificate.kind === 'files'
    ? fileCertificateName(certificate.certificate, certificate.key)
    : secretName(certificate);

const rootName = (roots: RootCertificates): string =>
  roots.kind === 'file' ? fileRootName(roots.path, roots.crl) : secretName(roots);

const sdsConfig = (name: string, kind: 'files' | 'file' | 'secret') => ({
  name,
  sdsConfig: kind === 'secret' ? adsSecretSource() : fileSecretSource(),
});

const exactName = (value: string) => ({ matchPattern: { case: 'exact' as const, value } });

type CommonTlsContext = MessageInitShape<typeof CommonTlsContextSchema>;

function validationContext(validation: ClientValidation): Pick<CommonTlsContext, 'validationContextType'> {
  const { roots, acceptUntrusted, subjectAltNames, verifyCertificateSpki, verifyCertificateHash } = validation;
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: {
          ...(acceptUntrusted ? { trustChainVerification: TrustChainVerification.ACCEPT_UNTRUSTED } : {}),
          matchSubjectAltNames: subjectAltNames.map(exactName),
          verifyCertificateSpki: [...verifyCertificateSpki],
          verifyCertificateHash: [...verifyCertificateHash],
        },
        validationContextSdsSecretConfig: sdsConfig(rootName(roots), roots.kind),
      },
    },
  };
}

const { tlsDefaults: noDefaults } = defaultMeshSettings;
type TlsVersion = NonNullable<TlsDefaults['minProtocolVersion']>;

const protocols = {
  TLSV1_0: Protocol.TLSv1_0,
  TLSV1_1: Protocol.TLSv1_1,
  TLSV1_2: Protocol.TLSv1_2,
  TLSV1_3: Protocol.TLSv1_3,
} as const;

/** A default that the server's own highest version rules out would cost the listener. */
function lowestVersion(
  { minProtocolVersion, maxProtocolVersion: max }: ServerTlsSettings,
  usual: TlsVersion | undefined,
) {
  return minProtocolVersion ?? (usual !== undefined && max !== undefined && usual > max ? max : usual);
}

function parameters(tls: ServerTlsSettings, defaults: TlsDefaults): Pick<CommonTlsContext, 'tlsParams'> {
  const usual = tls.isMesh ? noDefaults : defaults;
  const min = lowestVersion(tls, usual.minProtocolVersion);
  const max = tls.maxProtocolVersion;
  const cipherSuites = tls.cipherSuites.length > 0 ? tls.cipherSuites : usual.cipherSuites;
  const ecdhCurves = tls.ecdhCurves.length > 0 ? tls.ecdhCurves : usual.ecdhCurves;
  if (min === undefined && max === undefined && cipherSuites.length + ecdhCurves.length === 0) return {};
  return {
    tlsParams: {
      tlsMinimumProtocolVersion: min === undefined ? Protocol.TLS_AUTO : protocols[min],
      tlsMaximumProtocolVersion: max === undefined ? Protocol.TLS_AUTO : protocols[max],
      cipherSuites: [...cipherSuites],
      ecdhCurves: [...ecdhCurves],
    },
  };
}

/** ALPN of the mesh, as Istio's sidecars have it among themselves. */
const meshAlpn = { http1: ['istio-peer-exchange', 'istio'], http2: ['istio', 'h2'] };

/** `clusterName` is the SNI within the mesh where no other is given. */
export function translateUpstreamTlsContext(
  tls: UpstreamTlsSettings,
  clusterName: string,
  speaksHttp2: boolean,
  defaults: UpstreamSettings['tlsDefaults'],
): TransportSocket {
  const { certificate, roots, subjectAltNames, isMesh } = tls;
  const alpnProtocols = isMesh ? meshAlpn[speaksHttp2 ? 'http2' : 'http1'] : speaksHttp2 ? ['h2'] : [];
  const context = create(UpstreamTlsContextSchema, {
    commonTlsContext: {
      alpnProtocols,
      tlsParams: {
        tlsMinimumProtocolVersion: Protocol.TLSv1_2,
        tlsMaximumProtocolVersion: Protocol.TLSv1_3,
        cipherSuites: [...defaults.cipherSuites],
        ecdhCurves: [...defaults.ecdhCurves],
      },
      tlsCertificateSdsSecretConfigs:
        certificate === undefined ? [] : [sdsConfig(certificateName(certificate), certificate.kind)],
      validationContextType:
        roots === undefined
          ? { case: 'validationContext', value: {} }
          : {
              case: 'combinedValidationContext',
              value: {
                defaultValidationContext: { matchSubjectAltNames: subjectAltNames.map(exactName) },
                validationContextSdsSecretConfig: sdsConfig(rootName(roots), roots.kind),
              },
            },
    },
    sni: tls.sni ?? (isMesh ? clusterName : ''),
  });
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: anyPack(UpstreamTlsContextSchema, context) },
  });
}

export function translateTlsContext(tls: ServerTlsSettings, defaults: TlsDefaults): TransportSocket {
  const context = create(DownstreamTlsContextSchema, {
    commonTlsContext: {
      alpnProtocols: ['h2', 'http/1.1'],
      tlsCertificateSdsSecretConfigs: tls.certificates.map((one) => sdsConfig(certificateName(one), one.kind)),
      ...(tls.validation === undefined ? {} : validationContext(tls.validation)),
      ...parameters(tls, defaults),
    },
    requireClientCertificate: tls.clientCertificate === 'required',
  });
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: anyPack(DownstreamTlsContextSchema, context) },
  });
}
