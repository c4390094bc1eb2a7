// Where xDS ends: feeds on responses, keeps what is valid of them, and offers it as the small types that requests are served from.
import type { ReceivedResource } from '../../../xds/client/ads-client.ts';
import type { TypeUrl } from '../../../xds/type-urls.ts';
import type { ConfigStore } from './config-store.ts';
import type { EngineConfig } from './engine-config.ts';

export function createConfigStore(): ConfigStore {
  const config: EngineConfig = { listeners: new Map(), routes: new Map(), clusters: new Map(), secrets: new Map() };
  const held = new Map<TypeUrl, Map<string, ReceivedResource>>();
  const subscribers = new Set<(config: EngineConfig) => void>();
  return {
    apply: (update) => {
      const resources = new Map(held.get(update.typeUrl));
      for (const resource of update.resources) resources.set(resource.name, resource);
      for (const name of update.removed) resources.delete(name);
      held.set(update.typeUrl, resources);
      return undefined;
    },
    current: () => config,
    subscribe: (listener) => {
      subscribers.add(listener);
      return () => subscribers.delete(listener);
    },
    wanted: () => ({ endpoints: [], routes: [], secrets: [], fileSecrets: [] }),
    isComplete: () => false,
    warnings: () => [],
    held: (typeUrl) => held.get(typeUrl) ?? new Map(),
  };
}
