// SDS for Envoy: the certificates of mounted folders, under the names its listeners ask for.
import type { Logger } from '../../lib/logger.ts';
import { createXdsServer } from '../../xds/server/create-xds-server.ts';
import type { XdsServer } from '../../xds/server/xds-server.ts';
import type { MountedSecrets } from '../secrets/create-mounted-secrets.ts';

/**
 * A name without a file is answered as absent (delta): Envoy then opens the listener at once, closes only the connections
 * that need this certificate, and takes it over when it comes. Without an answer Envoy would open no port at all.
 */
export function createFileSecretServer(secrets: MountedSecrets, logger: Logger): XdsServer {
  return createXdsServer({
    cacheFor: () => secrets.cache,
    onSubscribe: (_node, _typeUrl, names) => {
      for (const name of new Set(names)) secrets.request(name);
    },
    observer: {
      unsubscribed: (_node, _typeUrl, names) => {
        for (const name of names) secrets.release(name);
      },
      rejected: ({ names, error }) => logger.error({ secrets: names, error }, 'Envoy rejected a file certificate'),
    },
    logger,
  });
}
