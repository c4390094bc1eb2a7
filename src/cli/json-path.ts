// Reads protobuf JSON of unknown shape: what is missing or of another type is empty, never an exception.

export function child(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[name];
  }
  return current;
}

export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = child(value, ...path);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : '';
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = child(value, ...path);
  return Array.isArray(found) ? found : [];
}
