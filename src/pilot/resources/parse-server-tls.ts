// The tls of a Gateway's server: unknown -> ServerTls. What cannot be read takes the server with it: it must not be laxer than asked.
import { booleanField, enumField, messagesField, stringField, stringsField } from './fields.ts';
import type { ServerTls, TlsFiles, TlsMode, TlsVersion } from './gateway.ts';
import { tlsCertificateFields } from './gateway-fields.ts';
import { type Message, reportInvalid, shorten } from './message.ts';

const modes: readonly TlsMode[] = [
  ...(['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'] as const),
];
const versions = ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'] as const;

/** What Envoy's TLS library has and Istio lets through; those of TLS 1.3 are always on. */
const cipherSuites = new Set([
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ...['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ...['ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-RSA-AES256-SHA'],
  ...['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-SHA', 'AES256-SHA'],
]);
const curves = new Set(['X25519', 'P-256', 'P-384', 'P-521', 'X25519MLKEM768']);

const spki = /^[A-Za-z0-9+/]{43}=$/;
const hash = /^[0-9a-f]{64}$|^[0-9a-f]{2}(?::[0-9a-f]{2}){31}$/i;

export function parseServerTls(message: Message): ServerTls | undefined {
  const credentialName = stringField(message, 'credentialName') || undefined;
  const credentialNames = stringsField(message, 'credentialNames');
  const own = filesOf(message, []);
  const listed = messagesField(message, 'tlsCertificates', tlsCertificateFields, (item, index) =>
    filesOf(item, ['tlsCertificates', index]),
  );
  const tls: ServerTls = {
    httpsRedirect: booleanField(message, 'httpsRedirect') ?? false,
    mode: enumField(message, 'mode', modes),
    credentials:
      credentialNames.length > 0
        ? credentialNames.map((name, index) => ({ name, field: ['credentialNames', index] }))
        : credentialName === undefined
          ? []
          : [{ name: credentialName, field: ['credentialName'] }],
    files: listed.length > 0 ? listed : [own],
    caCertCredentialName: stringField(message, 'caCertCredentialName') || undefined,
    insecureSkipVerify: booleanField(message, 'insecureSkipVerify') ?? false,
    subjectAltNames: stringsField(message, 'subjectAltNames'),
    verifyCertificateSpki: stringsField(message, 'verifyCertificateSpki', oneOf(message, spki, 'SHA-256 in base64')),
    verifyCertificateHash: stringsField(message, 'verifyCertificateHash', oneOf(message, hash, 'SHA-256 in hex')),
    maxProtocolVersion: versionOf(message, 'maxProtocolVersion'),
    ...parseTlsParameters(message),
  };
  return message.broken.size > 0 ? undefined : tls;
}

/** A mesh's defaults have these too. */
export const parseTlsParameters = (
  message: Message,
): Pick<ServerTls, 'minProtocolVersion' | 'cipherSuites' | 'ecdhCurves'> => ({
  minProtocolVersion: versionOf(message, 'minProtocolVersion'),
  cipherSuites: known(message, 'cipherSuites', cipherSuites),
  ecdhCurves: known(message, 'ecdhCurves', curves),
});

const filesOf = (message: Message, field: TlsFiles['field']): TlsFiles => ({
  field,
  caCertificates: stringField(message, 'caCertificates') || undefined,
  caCrl: stringField(message, 'caCrl') || undefined,
  serverCertificate: stringField(message, 'serverCertificate') || undefined,
  privateKey: stringField(message, 'privateKey') || undefined,
});

/** Undefined: the data plane's own choice. */
function versionOf(message: Message, name: string): TlsVersion | undefined {
  const version = enumField(message, name, versions);
  return version === 'TLS_AUTO' ? undefined : version;
}

type Check = NonNullable<Parameters<typeof stringsField>[2]>;

function oneOf(message: Message, form: RegExp, what: string): Check {
  return (text, path) => {
    if (form.test(text)) return true;
    const remedy = `Write a ${what}.`;
    reportInvalid(message.context, path, `is ${shorten(text)}, no ${what}`, 'The server is left out.', remedy);
    return false;
  };
}

/** Others are left out, as Istio does: a data plane would refuse the listener for them. */
function known(message: Message, name: string, values: ReadonlySet<string>): readonly string[] {
  const wasBroken = message.broken.has(name);
  const usable = stringsField(message, name, (text, path) => {
    if (values.has(text)) return true;
    const remedy = `Use some of ${[...values].join(', ')}.`;
    reportInvalid(message.context, path, `is ${shorten(text)}, which Envoy does not have`, 'It is left out.', remedy);
    return false;
  });
  const isList = Array.isArray(message.fields[name]);
  if (isList && !wasBroken) message.broken.delete(name);
  return usable;
}
