// What is usable of a Secret → what SDS sends for its name.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { SecretSchema } from '../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import type { SecretView } from '../model/proxy-view.ts';
import { secretName } from './secret-name.ts';

export function translateSecret({ secret, content, owner }: SecretView): XdsResource {
  const name = secretName(secret);
  const message = create(SecretSchema, { name, type: typeOf(content) });
  return createXdsResource(typeUrls.secret, SecretSchema, name, message, { owners: [owner] });
}

const inline = (bytes: Uint8Array) => ({ specifier: { case: 'inlineBytes' as const, value: bytes } });

function typeOf(content: SecretView['content']): NonNullable<MessageInitShape<typeof SecretSchema>['type']> {
  if (content.kind === 'pair') {
    const { certificateChain, privateKey } = content.pair;
    return {
      case: 'tlsCertificate',
      value: { certificateChain: inline(certificateChain), privateKey: inline(privateKey) },
    };
  }
  const { trustedCa, crl } = content;
  return {
    case: 'validationContext',
    value: { trustedCa: inline(trustedCa), ...(crl === undefined ? {} : { crl: inline(crl) }) },
  };
}
