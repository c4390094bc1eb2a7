// The gateway's own certificates: files of mounted folders as SDS Secrets, for Envoy through SDS and for the engine directly.
import fs from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type Logger, silentLogger } from '../../lib/logger.ts';
import { createResourceCache } from '../../xds/cache/create-resource-cache.ts';
import type { ResourceCache } from '../../xds/cache/resource-cache.ts';
import type { XdsResource } from '../../xds/resource.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import { diagnoseFileSecret } from './diagnose-file-secret.ts';
import {
  type FileSecret,
  filesOf,
  fingerprintOf,
  parseFileSecret,
  readFileSecret,
  type SecretReading,
} from './read-file-secret.ts';
import type { Validity } from './validate-certificate.ts';

export interface MountedSecrets {
  /** The Secrets asked for that could be read at least once; their last good version. */
  readonly cache: ResourceCache;
  /**
   * Loads the files of `file-cert:…` or `file-root:…` before it returns, and follows them until it is released as often as
   * it was requested. Other names are ignored: they are not the gateway's to serve.
   */
  request(name: string): void;
  release(name: string): void;
  /** TG0012, TG0013 and TG0014 of the names in use, sorted by name. */
  diagnostics(): readonly Diagnostic[];
  close(): void;
}

export interface MountedSecretsOptions {
  /** Folder of the gateway container → local folder; see resolveMountedPath. */
  readonly mounts?: ReadonlyMap<string, string> | Readonly<Record<string, string>>;
  readonly logger?: Logger;
  /** How often the files are looked at; changes are seen at once where the operating system reports them. */
  readonly pollIntervalMs?: number;
  readonly now?: () => number;
}

interface Entry {
  readonly secret: FileSecret;
  users: number;
  idleSince: number;
  fingerprint: string;
  reading: SecretReading;
  good: { readonly resource: XdsResource; readonly validity: Validity } | undefined;
  logged: string;
}

/** Kubernetes swaps a mounted Secret in several steps. */
const settleMs = 50;
/** A data plane that restarts asks for the same names again, and may then need the last good version. */
const forgetAfterMs = 60_000;

export function createMountedSecrets(options: MountedSecretsOptions = {}): MountedSecrets {
  const mounts = new Map(options.mounts instanceof Map ? options.mounts : Object.entries(options.mounts ?? {}));
  const logger = options.logger ?? silentLogger;
  const now = options.now ?? Date.now;
  const entries = new Map<string, Entry>();
  const watchers = new Map<string, fs.FSWatcher>();
  const cache = createResourceCache();
  let poll: NodeJS.Timeout | undefined;
  let settle: NodeJS.Timeout | undefined;
  let closed = false;

  const publish = (): void => {
    const secrets = [...entries].flatMap(([name, entry]) => (entry.good ? [[name, entry.good.resource] as const] : []));
    secrets.sort(([a], [b]) => (a < b ? -1 : 1));
    cache.set(new Map([[typeUrls.secret, new Map(secrets)]]));
  };

  const diagnose = (name: string, entry: Entry): Diagnostic | undefined =>
    diagnoseFileSecret({ name, secret: entry.secret, reading: entry.reading, good: entry.good?.validity, now: now() });

  const log = (name: string, entry: Entry): void => {
    const diagnostic = diagnose(name, entry);
    const text = diagnostic ? `${diagnostic.message} ${diagnostic.remedy}` : '';
    if (text === entry.logged) return;
    entry.logged = text;
    if (diagnostic) logger.warn({ code: diagnostic.code, secret: name }, text);
    else logger.info({ secret: name }, 'certificate files are good again');
  };

  const read = (name: string, secret: FileSecret, before: Entry | undefined): Entry => {
    const { reading, fingerprint } = readFileSecret(name, secret);
    const good = reading.kind === 'read' ? reading : before?.good;
    const kept = { users: before?.users ?? 0, idleSince: now(), logged: before?.logged ?? '' };
    const entry: Entry = { ...kept, secret, fingerprint, reading, good };
    entries.set(name, entry);
    log(name, entry);
    return entry;
  };

  const watchFolders = (): void => {
    const wanted = new Set<string>();
    for (const entry of entries.values()) {
      if (entry.users > 0) for (const file of filesOf(entry.secret)) wanted.add(path.dirname(file.local));
    }
    for (const [folder, watcher] of watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of wanted) if (!watchers.has(folder)) watch(folder);
  };

  const watch = (folder: string): void => {
    try {
      const watcher = fs.watch(folder, { persistent: false });
      const drop = (): void => {
        watcher.close();
        if (watchers.get(folder) === watcher) watchers.delete(folder);
      };
      watcher.on('error', drop);
      // A watch sits on an inode: one whose folder was replaced is renewed at the next look.
      watcher.on('change', (event, file) => {
        if (event === 'rename' && file === path.basename(folder)) drop();
        settle ??= setTimeout(look, settleMs);
        settle.unref();
      });
      watchers.set(folder, watcher);
    } catch {
      // The folder is not there yet, or the system has no more watches: looking regularly is enough.
    }
  };

  const look = (): void => {
    clearTimeout(settle);
    settle = undefined;
    if (closed) return;
    for (const [name, entry] of [...entries]) {
      if (entry.users === 0) {
        if (now() - entry.idleSince > forgetAfterMs) entries.delete(name);
      } else if (fingerprintOf(entry.secret) !== entry.fingerprint) {
        read(name, entry.secret, entry);
      } else {
        // Time alone makes a certificate expire.
        log(name, entry);
      }
    }
    publish();
    watchFolders();
  };

  return {
    cache,
    request(name) {
      const before = entries.get(name);
      const secret = before?.secret ?? parseFileSecret(name, mounts);
      if (closed || secret === undefined) return;
      const entry = before !== undefined && before.users > 0 ? before : read(name, secret, before);
      entry.users += 1;
      publish();
      watchFolders();
      poll ??= setInterval(look, options.pollIntervalMs ?? 2000).unref();
    },
    release(name) {
      const entry = entries.get(name);
      if (entry === undefined || entry.users === 0) return;
      entry.users -= 1;
      entry.idleSince = now();
      if (entry.users === 0) watchFolders();
    },
    diagnostics: () =>
      [...entries]
        .filter(([, entry]) => entry.users > 0)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([name, entry]) => diagnose(name, entry) ?? []),
    close() {
      closed = true;
      clearInterval(poll);
      clearTimeout(settle);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}
