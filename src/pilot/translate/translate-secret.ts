// A usable certificate of a Secret → what SDS sends for its name.
import { create } from '@bufbuild/protobuf';
import { SecretSchema } from '../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import { kubernetesSecretName } from '../../xds/resource-names.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import type { SecretView } from '../model/proxy-view.ts';

export function translateSecret({ credentialName, pair, owner }: SecretView): XdsResource {
  const name = kubernetesSecretName(credentialName);
  const secret = create(SecretSchema, {
    name,
    type: {
      case: 'tlsCertificate',
      value: {
        certificateChain: { specifier: { case: 'inlineBytes', value: pair.certificateChain } },
        privateKey: { specifier: { case: 'inlineBytes', value: pair.privateKey } },
      },
    },
  });
  return createXdsResource(typeUrls.secret, SecretSchema, name, secret, { owners: [owner] });
}
