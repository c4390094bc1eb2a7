// What the mesh settings say of connections to endpoints, where no DestinationRule says otherwise.
import {
  connectionPoolFields,
  localityLbFields,
  outlierDetectionFields,
  tcpKeepaliveFields,
  zoneAwareLbFields,
} from '../resources/destination-rule-fields.ts';
import { durationField, enumField, messageField, stringField } from '../resources/fields.ts';
import type { Message } from '../resources/message.ts';
import { parseConnectionPool, parseTcpKeepalive } from '../resources/parse-connection-pool.ts';
import { parseLocalityLb, parseZoneAwareLb } from '../resources/parse-locality-lb.ts';
import { parseOutlierDetection } from '../resources/parse-outlier-detection.ts';
import { parseTlsParameters } from '../resources/parse-server-tls.ts';
import { defaultTrafficPolicyFields, tlsDefaultsFields } from './mesh-fields.ts';
import { defaultMeshSettings, type MeshSettings, type UpstreamSettings } from './mesh-settings.ts';

/** What cannot be read is reported in the message's context and left at its default. */
export function readUpstreamSettings(
  message: Message,
  { tlsDefaults, proxy }: Pick<MeshSettings, 'tlsDefaults' | 'proxy'>,
): UpstreamSettings {
  const defaults = defaultMeshSettings.upstream;
  const policy = messageField(message, 'defaultTrafficPolicy', defaultTrafficPolicyFields, (field) => ({
    connectionPool: messageField(field, 'connectionPool', connectionPoolFields, parseConnectionPool),
    outlierDetection: messageField(field, 'outlierDetection', outlierDetectionFields, parseOutlierDetection),
  }));
  return {
    localityLb: messageField(message, 'localityLbSetting', localityLbFields, parseLocalityLb) ?? defaults.localityLb,
    zoneAwareLb: messageField(message, 'zoneAwareLbSetting', zoneAwareLbFields, parseZoneAwareLb),
    connectTimeoutMs: durationField(message, 'connectTimeout') ?? defaults.connectTimeoutMs,
    tcpKeepalive: messageField(message, 'tcpKeepalive', tcpKeepaliveFields, parseTcpKeepalive),
    upgradesToHttp2: enumField(message, 'h2UpgradePolicy', ['DO_NOT_UPGRADE', 'UPGRADE']) === 'UPGRADE',
    dnsRefreshRateMs: durationField(message, 'dnsRefreshRate') ?? defaults.dnsRefreshRateMs,
    bufferBytes: proxy.connection.clusterBufferBytes,
    tlsDefaults: { cipherSuites: tlsDefaults.cipherSuites, ecdhCurves: tlsDefaults.ecdhCurves },
    clusterStatName: stringField(message, 'outboundClusterStatName') ?? '',
    connectionPool: policy?.connectionPool,
    outlierDetection: policy?.outlierDetection,
  };
}

export const readTlsDefaults = (message: Message): MeshSettings['tlsDefaults'] =>
  messageField(message, 'tlsDefaults', tlsDefaultsFields, parseTlsParameters) ?? defaultMeshSettings.tlsDefaults;
