// The TLS side of a filter chain: the certificate is a name, its bytes come over SDS.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { type TransportSocket, TransportSocketSchema } from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { DownstreamTlsContextSchema } from '../../xds/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { fileCertificateName, kubernetesSecretName } from '../../xds/resource-names.ts';
import type { ServerCertificate } from '../model/model.ts';
import { adsSecretSource, fileSecretSource } from './config-source.ts';

export function certificateName(certificate: ServerCertificate): string {
  return certificate.kind === 'files'
    ? fileCertificateName(certificate.certificate, certificate.key)
    : kubernetesSecretName(certificate.credentialName);
}

export function translateTlsContext(certificate: ServerCertificate): TransportSocket {
  const context = create(DownstreamTlsContextSchema, {
    commonTlsContext: {
      alpnProtocols: ['h2', 'http/1.1'],
      tlsCertificateSdsSecretConfigs: [
        {
          name: certificateName(certificate),
          sdsConfig: certificate.kind === 'files' ? fileSecretSource() : adsSecretSource(),
        },
      ],
    },
    requireClientCertificate: false,
  });
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: anyPack(DownstreamTlsContextSchema, context) },
  });
}
