// The port table of manifests on disk, without anything running: `tidegate ports -f`.

import type { PortView } from '../admin/views.ts';
import { buildModel } from '../pilot/model/build-model.ts';
import { buildPortTable } from '../pilot/model/build-port-table.ts';
import type { Snapshot } from '../pilot/resources/snapshot.ts';
import { createFileSource } from '../pilot/sources/files/create-file-source.ts';
import { intendedPorts } from './port-views.ts';
import type { ProxyOptions, SourceOptions } from './run-options.ts';

/** The first snapshot, as soon as everything is read. */
async function readSnapshot(paths: readonly string[]): Promise<Snapshot> {
  const done = new AbortController();
  const source = createFileSource({ paths });
  return new Promise((resolve, reject) => {
    source
      .run((snapshot) => {
        resolve(snapshot);
        done.abort();
      }, done.signal)
      .catch(reject);
  });
}

export async function readPortsOfFiles(
  options: Pick<SourceOptions, 'paths'> & Pick<ProxyOptions, 'namespace' | 'labels' | 'bind' | 'portMap'>,
): Promise<readonly PortView[]> {
  const { model } = buildModel(undefined, await readSnapshot(options.paths));
  const { namespace, labels, bind, portMap } = options;
  return intendedPorts(buildPortTable(model, { namespace, labels, localNode: { bind, portMap } }));
}
