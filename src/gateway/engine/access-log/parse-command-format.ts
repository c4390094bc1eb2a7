// Splits an access log template into literal text and commands, in Envoy's grammar and with Envoy's words for what is wrong.

export interface Command {
  readonly kind: 'command';
  /** `REQ`. */
  readonly name: string;
  /** What is in the parentheses; '' where there are none or nothing is in them. */
  readonly parameter: string;
  /** Of `:Z`. */
  readonly maxLength: number | undefined;
}

export type FormatPart = { readonly kind: 'text'; readonly text: string } | Command;

export type ParsedFormat =
  | { readonly kind: 'ok'; readonly parts: readonly FormatPart[] }
  | { readonly kind: 'error'; readonly error: string };

// Nothing in it repeats over the same characters twice: linear on any input.
const commandSyntax = /%([A-Z0-9_]+)(?:\(([^)\n]*)\))?(?::([0-9]+))?%/y;

/** `%%` is a per cent sign. Neighbouring literals are one part. */
export function parseCommandFormat(template: string): ParsedFormat {
  const parts: FormatPart[] = [];
  let text = '';
  const endText = (): void => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
  };
  for (let position = 0; position < template.length; ) {
    const percent = template.indexOf('%', position);
    if (percent === -1) {
      text += template.slice(position);
      break;
    }
    text += template.slice(position, percent);
    if (template[percent + 1] === '%') {
      text += '%';
      position = percent + 2;
      continue;
    }
    commandSyntax.lastIndex = percent;
    const match = commandSyntax.exec(template);
    const maxLength = match?.[3] === undefined ? undefined : Number(match[3]);
    if (!match || (maxLength !== undefined && !Number.isSafeInteger(maxLength))) {
      const error = `Incorrect configuration: ${template}. Couldn't find valid command at position ${percent}`;
      return { kind: 'error', error };
    }
    endText();
    parts.push({ kind: 'command', name: match[1] ?? '', parameter: match[2] ?? '', maxLength });
    position = commandSyntax.lastIndex;
  }
  endText();
  return { kind: 'ok', parts };
}
