// Versions as people ask for them. Imported by every command, so it imports nothing heavy.
import fs from 'node:fs';
import path from 'node:path';
import { envoyVersion } from '../gateway/envoy/envoy-release.ts';

export interface Versions {
  readonly tidegate: string;
  readonly node: string;
  /** The pinned Envoy that `--engine envoy` runs. */
  readonly envoy: string;
}

/** From package.json, two folders up both in a clone (src/main) and in the published package (dist/main). */
function packageVersion(): string {
  const text = fs.readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8');
  const { version }: { version?: unknown } = JSON.parse(text);
  return typeof version === 'string' ? version : 'unknown';
}

export function versions(): Versions {
  return { tidegate: packageVersion(), node: process.versions.node, envoy: envoyVersion };
}
