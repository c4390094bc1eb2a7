// The query parameters of a path as Envoy's filters and formatters read them: percent-decoded, and + is itself.

export interface QueryParameter {
  /** One character per byte, as the value. */
  readonly name: string;
  readonly value: string;
}

/** In their order, repeated and empty ones too. */
export function decodedParameters(path: string): readonly QueryParameter[] {
  const question = path.indexOf('?');
  if (question === -1) return [];
  const fragment = path.indexOf('#', question);
  return path
    .slice(question + 1, fragment === -1 ? undefined : fragment)
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return { name: percentDecode(name), value: percentDecode(value) };
    });
}

/** What is no escape stays. */
export const percentDecode = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
