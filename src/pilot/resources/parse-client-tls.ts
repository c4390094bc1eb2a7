// The tls of a traffic policy: unknown -> ClientTls. What cannot be done as asked is not done: it must not be laxer.
import type { ClientTls, ClientTlsSettings } from './destination-rule.ts';
import { booleanField, enumField, reportMissing, stringField, stringsField } from './fields.ts';
import { type Message, report, reportInvalid, shorten } from './message.ts';
import { isHost } from './names.ts';

const modes = ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'] as const;
const NOTHING_SENT = 'Requests are answered with 503, since they must not go out otherwise than asked.';

/** Undefined: broken. */
export function parseClientTls(message: Message): ClientTls | undefined {
  const mode = enumField(message, 'mode', modes) ?? 'DISABLE';
  const settings: Omit<ClientTlsSettings, 'mode'> = {
    clientCertificate: stringField(message, 'clientCertificate') || undefined,
    privateKey: stringField(message, 'privateKey') || undefined,
    caCertificates: stringField(message, 'caCertificates') || undefined,
    caCrl: stringField(message, 'caCrl') || undefined,
    credentialName: stringField(message, 'credentialName') || undefined,
    subjectAltNames: stringsField(message, 'subjectAltNames'),
    sni: stringField(message, 'sni') || undefined,
    insecureSkipVerify: booleanField(message, 'insecureSkipVerify') ?? false,
    path: message.path,
    source: message.context.resource,
  };
  if (message.broken.size > 0) return undefined;
  if (mode === 'DISABLE') return { mode };
  if (settings.sni !== undefined && !isHost(settings.sni)) {
    const remedy = 'Write a host name.';
    const path = [...message.path, 'sni'];
    reportInvalid(message.context, path, `is ${shorten(settings.sni)}, no host name`, NOTHING_SENT, remedy);
    return undefined;
  }
  if (mode === 'MUTUAL' && !hasCertificate(message, settings)) return undefined;
  reportIgnored(message, mode, settings);
  return { mode, ...settings };
}

function hasCertificate(message: Message, settings: Omit<ClientTlsSettings, 'mode'>): boolean {
  const { credentialName, clientCertificate, privateKey } = settings;
  if (credentialName !== undefined || (clientCertificate !== undefined && privateKey !== undefined)) return true;
  const missing =
    clientCertificate === undefined && privateKey === undefined
      ? 'credentialName'
      : clientCertificate === undefined
        ? 'clientCertificate'
        : 'privateKey';
  const remedy = 'Mode MUTUAL wants a Secret (credentialName), or both clientCertificate and privateKey.';
  reportMissing(message, missing, NOTHING_SENT, remedy);
  return false;
}

/** What Istio's modes leave aside. */
function reportIgnored(
  message: Message,
  mode: ClientTlsSettings['mode'],
  settings: Omit<ClientTlsSettings, 'mode'>,
): void {
  const files = ['clientCertificate', 'privateKey', 'caCertificates', 'caCrl'] as const;
  const unused =
    mode === 'ISTIO_MUTUAL'
      ? [...files, 'credentialName' as const]
      : settings.credentialName !== undefined
        ? files
        : mode === 'SIMPLE'
          ? (['clientCertificate', 'privateKey'] as const)
          : [];
  for (const name of unused)
    if (settings[name] !== undefined)
      report(message.context, [...message.path, name], {
        severity: 'warning',
        code: 'TG0008',
        message: `${name} has no effect: ${mode === 'ISTIO_MUTUAL' ? 'mode ISTIO_MUTUAL has certificates of its own' : settings.credentialName !== undefined ? 'credentialName is there and counts' : 'mode SIMPLE shows no certificate'}.`,
        remedy: 'Remove it.',
      });
}
