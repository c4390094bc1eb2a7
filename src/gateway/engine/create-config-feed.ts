// Keeps the engine's configuration: subscribes at pilot to what the configuration names, adds mounted certificates, serves the result.
import type { Logger } from '../../lib/logger.ts';
import type { AdsClient, ReceivedUpdate, UpdateVerdict, XdsProtocol } from '../../xds/client/ads-client.ts';
import { wildcardName } from '../../xds/client/ads-client.ts';
import { createAdsClient } from '../../xds/client/create-ads-client.ts';
import type { Node } from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';
import type { MountedSecrets } from '../secrets/create-mounted-secrets.ts';
import type { ConfigStore } from './config/config-store.ts';
import { createConfigStore } from './config/create-config-store.ts';
import type { ControlStatistics } from './statistics/control-statistics.ts';
import type { EngineHost } from './workers/engine-host.ts';

export interface ConfigFeed {
  readonly store: ConfigStore;
  start(): void;
  close(): Promise<void>;
}

export interface ConfigFeedOptions {
  /** `unix:/path` or `127.0.0.1:15010`. */
  readonly pilot: string;
  readonly node: Node;
  readonly xdsProtocol?: XdsProtocol | undefined;
  readonly secrets: MountedSecrets;
  readonly host: EngineHost;
  readonly statistics: ControlStatistics;
  readonly logger: Logger;
  /** Called after each update is in service. */
  readonly onServed: () => void;
}

const everything: readonly string[] = [wildcardName];
const nothing: readonly string[] = [];

export function createConfigFeed(options: ConfigFeedOptions): ConfigFeed {
  const { host, secrets, statistics, logger } = options;
  const store = createConfigStore();
  const subscribed = new Map<TypeUrl, Set<string>>();
  const requestedFiles = new Set<string>();
  let unsubscribe: () => void = () => {};
  let closed = false;
  let asksForListeners = false;
  /** Updates come from pilot and from files: they are served one after the other. */
  let queue: Promise<unknown> = Promise.resolve();

  const serve = async (update: ReceivedUpdate): Promise<UpdateVerdict> => {
    const refused = store.apply(update);
    statistics.received(update, refused);
    if (refused !== undefined) logger.warn({ typeUrl: update.typeUrl, error: refused }, 'configuration refused');
    const failed = await host.serve(update, store.current());
    statistics.served(store.current());
    if (!closed) {
      followNames();
      // After the acknowledgement of this update has gone.
      if (!asksForListeners && store.hasAllClusters()) setImmediate(askForListeners);
    }
    options.onServed();
    return refused ?? failed;
  };
  const enqueue = (update: ReceivedUpdate): Promise<UpdateVerdict> => {
    const verdict = queue.then(() => serve(update));
    queue = verdict.catch((error: unknown) => logger.error({ err: error }, 'an update could not be served'));
    return verdict;
  };

  const client: AdsClient = createAdsClient({
    address: options.pilot,
    node: options.node,
    ...(options.xdsProtocol ? { protocol: options.xdsProtocol } : {}),
    logger,
    onUpdate: enqueue,
    onState: (state) => statistics.connected(state === 'connected'),
  });

  const followed = new Map<TypeUrl, readonly string[]>();
  const follow = (typeUrl: TypeUrl, names: readonly string[]): void => {
    // Ten thousand names are the same list after nearly all updates.
    if (followed.get(typeUrl) === names) return;
    followed.set(typeUrl, names);
    const before = subscribed.get(typeUrl) ?? new Set();
    const next = new Set(names);
    const added = names.filter((name) => !before.has(name));
    const gone = [...before].filter((name) => !next.has(name));
    subscribed.set(typeUrl, next);
    if (added.length > 0) client.subscribe(typeUrl, added);
    if (gone.length > 0) client.unsubscribe(typeUrl, gone);
  };

  const followNames = (): void => {
    const wanted = store.wanted();
    follow(typeUrls.endpoint, wanted.endpoints);
    follow(typeUrls.scopedRoute, wanted.scopes ? everything : nothing);
    follow(typeUrls.route, wanted.routes);
    follow(typeUrls.secret, wanted.secrets);
    const files = new Set(wanted.fileSecrets);
    for (const name of requestedFiles) {
      if (files.has(name)) continue;
      requestedFiles.delete(name);
      secrets.release(name);
    }
    for (const name of files) {
      if (requestedFiles.has(name)) continue;
      requestedFiles.add(name);
      secrets.request(name);
      void enqueue(fileSecretUpdate(secrets, [name]));
    }
  };

  /**
   * As Envoy: first all clusters with their endpoints, then listeners. Pilot holds back a listener whose clusters are not
   * acknowledged; asked too early it would answer with none, and the gateway would be ready without listening.
   */
  const askForListeners = (): void => {
    if (closed || asksForListeners) return;
    asksForListeners = true;
    client.subscribe(typeUrls.listener, [wildcardName]);
  };

  return {
    store,
    start: () => {
      unsubscribe = secrets.cache.subscribe((diff) => {
        const changes = diff.get(typeUrls.secret);
        if (!changes) return;
        const names = [...changes.added, ...changes.changed].map(({ name }) => name);
        const mine = [...names, ...changes.removed].filter((name) => requestedFiles.has(name));
        if (mine.length > 0) void enqueue(fileSecretUpdate(secrets, mine));
      });
      client.subscribe(typeUrls.cluster, [wildcardName]);
      client.start();
    },
    close: async () => {
      closed = true;
      unsubscribe();
      for (const name of requestedFiles) secrets.release(name);
      requestedFiles.clear();
      await client.close();
      await queue;
    },
  };
}

/** What the mounted files have under these names now; one that cannot be read is said to be missing. */
function fileSecretUpdate(secrets: MountedSecrets, names: readonly string[]): ReceivedUpdate {
  const held = secrets.cache.current.get(typeUrls.secret);
  const found = names.flatMap((name) => held?.get(name) ?? []);
  return {
    typeUrl: typeUrls.secret,
    resources: found.map(({ name, version, bytes }) => ({ name, version, bytes })),
    removed: names.filter((name) => !held?.has(name)),
  };
}
