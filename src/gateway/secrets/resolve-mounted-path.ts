// Where a path of a Gateway manifest lies on this machine: manifests name folders of Istio's gateway container.
import path from 'node:path';

/** Folder inside Istio's gateway container → local folder. Each is optional, as in the chart. */
export type Mounts = ReadonlyMap<string, string>;

/**
 * The longest mounted folder that contains the path decides; without one the path stays as it is, as in a real pod, where
 * any file is readable that the process may read. `..` is resolved first, so a path never leaves the mount it is matched to.
 */
export function resolveMountedPath(mounts: Mounts, file: string): string {
  const wanted = path.posix.normalize(file);
  let best: { readonly local: string; readonly rest: string; readonly length: number } | undefined;
  for (const [folder, local] of mounts) {
    const prefix = path.posix.join(folder, '/');
    if (wanted.startsWith(prefix) && prefix.length > (best?.length ?? 0)) {
      best = { local, rest: wanted.slice(prefix.length), length: prefix.length };
    }
  }
  return best === undefined ? path.resolve(wanted) : path.resolve(best.local, best.rest);
}
