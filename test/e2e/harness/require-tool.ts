// What this machine may lack: a missing tool skips with one line that says so, and fails where CI is set.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

// Debian puts mariadbd and nginx where an ordinary user's PATH does not look.
const extraFolders = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** Absolute path, or undefined. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...extraFolders];
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** The reason to skip with, or `false`. Throws where CI is set: there the ring is run in full. */
export function skipBecause(missing: string | undefined): string | false {
  if (missing === undefined) return false;
  if (process.env.CI === 'true') throw new Error(`${missing} (with CI=true nothing of this ring may be skipped)`);
  return missing;
}

export interface Tool {
  /** Absolute path; '' when `skip` is set. */
  readonly path: string;
  /** For node:test's `skip` option. */
  readonly skip: string | false;
}

/** `requireTool('mariadbd', 'mariadb-server')`: the tool, or why what needs it is skipped. */
export function requireTool(name: string, debianPackage: string): Tool {
  const path = findTool(name);
  return {
    path: path ?? '',
    skip: skipBecause(path === undefined ? `${name} is missing (Debian package ${debianPackage})` : undefined),
  };
}

/** For what only Linux can do: addresses of 127/8, network namespaces, `/proc`. */
export function requireLinux(): string | false {
  return process.platform === 'linux' ? false : `needs Linux, this is ${process.platform}`;
}
