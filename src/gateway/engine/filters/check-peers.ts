// Both ends of a client's connection, as a service is told them that decides about it.
import type { X509Certificate } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AttributeContext_PeerSchema } from '../../../xds/generated/envoy/service/auth/v3/attribute_context_pb.ts';
import { splitAddress } from '../access-log/address.ts';
import type { DownstreamConnection } from '../http/downstream-stream.ts';
import { distinguishedName } from '../http/forward-client-cert.ts';
import { subjectAltNames } from '../tls/verify-client.ts';

type Peer = MessageInitShape<typeof AttributeContext_PeerSchema>;

/** `service`: of a connection without requests the name that was asked for (SNI). */
export function checkPeers(
  connection: DownstreamConnection,
  service = '',
): { readonly source: Peer; readonly destination: Peer } {
  const { remoteAddress, localAddress, tls } = connection;
  return {
    source: { ...addressOf(remoteAddress), principal: principalOf(tls?.peer) },
    destination: { ...addressOf(localAddress), principal: principalOf(tls?.own), service },
  };
}

function addressOf(text: string): Pick<Peer, 'address'> {
  const { host, port } = splitAddress(text);
  return {
    address: {
      address: {
        case: 'socketAddress',
        value: { address: host, portSpecifier: { case: 'portValue', value: Number(port) } },
      },
    },
  };
}

/** The first URI, else the first DNS name, else the subject. */
function principalOf(certificate: X509Certificate | undefined): string {
  if (certificate === undefined) return '';
  const names = subjectAltNames(certificate);
  const found = names.find(({ type }) => type === 'URI') ?? names.find(({ type }) => type === 'DNS');
  return found?.value ?? distinguishedName(certificate.subject);
}
