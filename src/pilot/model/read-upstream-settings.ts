// What the mesh settings say of connections to endpoints, where no DestinationRule says otherwise.

import { tcpKeepaliveFields } from '../resources/destination-rule-fields.ts';
import { durationField, enumField, messageField } from '../resources/fields.ts';
import { openMessage, type ParseContext, served, tableOf } from '../resources/message.ts';
import { parseTcpKeepalive } from '../resources/parse-connection-pool.ts';
import type { FieldPath } from '../resources/resource.ts';
import { defaultMeshSettings, type UpstreamSettings } from './mesh-settings.ts';

export const upstreamKeys = ['connectTimeout', 'tcpKeepalive', 'h2UpgradePolicy', 'dnsRefreshRate'] as const;

const fields = tableOf(upstreamKeys, served);

/** What cannot be read is reported in the context and left at its default. */
export function readUpstreamSettings(
  context: ParseContext,
  path: FieldPath,
  settings: Readonly<Record<string, unknown>>,
): UpstreamSettings {
  const given = Object.fromEntries(upstreamKeys.flatMap((key) => (key in settings ? [[key, settings[key]]] : [])));
  const defaults = defaultMeshSettings.upstream;
  const message = openMessage(context, path, given, fields);
  if (message === undefined) return defaults;
  return {
    connectTimeoutMs: durationField(message, 'connectTimeout') ?? defaults.connectTimeoutMs,
    tcpKeepalive: messageField(message, 'tcpKeepalive', tcpKeepaliveFields, parseTcpKeepalive),
    upgradesToHttp2: enumField(message, 'h2UpgradePolicy', ['DO_NOT_UPGRADE', 'UPGRADE']) === 'UPGRADE',
    dnsRefreshRateMs: durationField(message, 'dnsRefreshRate') ?? defaults.dnsRefreshRateMs,
  };
}
