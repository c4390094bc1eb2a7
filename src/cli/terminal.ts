// What a command writes to; tests give their own. Colour only where a person looks: a TTY without NO_COLOR.
import { styleText } from 'node:util';

export interface Terminal {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

export type Style = 'green' | 'red' | 'yellow' | 'bold' | 'dim';

/** Colours the text if the stream is a terminal that wants it (NO_COLOR, FORCE_COLOR and NODE_DISABLE_COLORS are Node's). */
export function styled(stream: NodeJS.WritableStream, style: Style, text: string): string {
  return styleText(style, text, { stream, validateStream: true });
}

export function printLine(stream: NodeJS.WritableStream, line: string): void {
  stream.write(`${line}\n`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text of others (names, errors, log lines) must not steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(control, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
