// Says what is wrong with the files of one secret, in the user's words: as the manifest names them, and where they lie here.
import path from 'node:path';
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { FileSecret, SecretFile, SecretReading } from './read-file-secret.ts';
import type { Validity } from './validate-certificate.ts';

export interface FileSecretState {
  readonly name: string;
  readonly secret: FileSecret;
  /** The newest attempt. */
  readonly reading: SecretReading;
  /** Validity of the version in force, if there is one. */
  readonly good: Validity | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const describe = (file: SecretFile): string =>
  path.resolve(file.named) === file.local ? file.named : `${file.named} (here ${file.local})`;

const day = (time: number): string => new Date(time).toISOString().replace(/\.000Z$/, 'Z');

function diagnoseValidity(state: FileSecretState, validity: Validity): Diagnostic | undefined {
  const file = describe(state.secret.certificate);
  const base = { severity: 'warning', code: 'TG0014' } as const;
  if (state.now > validity.notAfter) {
    const message = `${file} expired at ${day(validity.notAfter)}; it is still served, but clients will refuse it.`;
    return { ...base, message, remedy: 'Renew the certificate; the new files are taken over by themselves.' };
  }
  if (state.now < validity.notBefore) {
    const message = `${file} is not valid before ${day(validity.notBefore)}; it is served, but clients will refuse it.`;
    return { ...base, message, remedy: 'Check the clock of this machine, or use a certificate that is valid now.' };
  }
  return undefined;
}

/** Undefined when all is well. The message never has content of a file. */
export function diagnoseFileSecret(state: FileSecretState): Diagnostic | undefined {
  const { reading, good } = state;
  if (reading.kind === 'read') return diagnoseValidity(state, reading.validity);
  const effect = good
    ? 'The last good version stays in force.'
    : 'TLS connections that need it are closed until it is there; everything else serves.';
  const message = `${describe(reading.file)} ${reading.reason}. ${effect}`;
  if (reading.kind === 'invalid') {
    const remedy = 'Replace the file with a PEM file that fits; it is read again by itself.';
    return { severity: 'error', code: 'TG0013', message, remedy };
  }
  const folder = path.posix.dirname(path.posix.normalize(reading.file.named));
  const remedy = `Put the file there (it is read by itself), or map the folder with --mount ${folder}=DIR.`;
  return { severity: 'error', code: 'TG0012', message, remedy };
}
