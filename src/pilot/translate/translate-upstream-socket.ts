// What stands between a cluster's connections and their bytes: TLS, and in front of it the PROXY header.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { type TransportSocket, TransportSocketSchema } from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { ProxyProtocolConfig_Version as Version } from '../../xds/generated/envoy/config/core/v3/proxy_protocol_pb.ts';
import { ProxyProtocolUpstreamTransportSchema } from '../../xds/generated/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.ts';
import { RawBufferSchema } from '../../xds/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts';
import type { UpstreamTlsSettings } from '../model/build-upstream-tls.ts';
import type { UpstreamSettings } from '../model/mesh-settings.ts';
import type { ClusterPolicy } from '../model/proxy-view.ts';
import { translateUpstreamTlsContext } from './translate-tls-context.ts';

const rawBuffer = create(TransportSocketSchema, {
  name: 'envoy.transport_sockets.raw_buffer',
  configType: { case: 'typedConfig', value: anyPack(RawBufferSchema, create(RawBufferSchema)) },
});

function withProxyHeader(transportSocket: TransportSocket, version: 'V1' | 'V2'): TransportSocket {
  const transport = create(ProxyProtocolUpstreamTransportSchema, {
    config: { version: Version[version] },
    transportSocket,
  });
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    configType: { case: 'typedConfig', value: anyPack(ProxyProtocolUpstreamTransportSchema, transport) },
  });
}

/** No field at all for plaintext. */
export function translateUpstreamSocket(
  clusterName: string,
  tls: UpstreamTlsSettings | undefined,
  { proxyProtocol }: ClusterPolicy,
  speaksHttp2: boolean,
  defaults: UpstreamSettings['tlsDefaults'],
): Pick<MessageInitShape<typeof ClusterSchema>, 'transportSocket'> {
  const socket = tls && translateUpstreamTlsContext(tls, clusterName, speaksHttp2, defaults);
  if (proxyProtocol !== undefined) return { transportSocket: withProxyHeader(socket ?? rawBuffer, proxyProtocol) };
  return socket === undefined ? {} : { transportSocket: socket };
}
