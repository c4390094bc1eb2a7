// Gives each class of equal proxies one cache, translated once per change, and serves them over ADS.
import { type Logger, silentLogger } from '../../lib/logger.ts';
import { createResourceCache } from '../../xds/cache/create-resource-cache.ts';
import type { ResourceCache } from '../../xds/cache/resource-cache.ts';
import type { ProxyNode } from '../../xds/node.ts';
import { findRejectedResources, type RejectedResources } from '../../xds/rejected-resources.ts';
import type { ResourceSet } from '../../xds/resource.ts';
import { createXdsServer } from '../../xds/server/create-xds-server.ts';
import type { ConnectedProxy, XdsServer, XdsServerObserver } from '../../xds/server/xds-server.ts';

export interface AdsOptions {
  /** Proxies with equal keys get the same resources. Pure. */
  readonly keyOf: (node: ProxyNode) => string;
  /** Everything a proxy should have now. May throw: its class then keeps what it has. */
  readonly translate: (node: ProxyNode) => ResourceSet;
  readonly observer?: XdsServerObserver;
  readonly logger?: Logger;
}

export interface ProxyRejections extends RejectedResources {
  readonly node: ProxyNode;
}

export interface Ads extends Pick<XdsServer, 'listen' | 'proxies' | 'resync' | 'close'> {
  readonly server: XdsServer;
  /** After a change of the model: each connected class is translated once, and its proxies are told what differs. */
  update(): void;
  /** What the proxy (id or name) should have; undefined if no such proxy is connected. */
  intended(proxy: string): ResourceSet | undefined;
  /** What connected proxies reject at present, and whose objects that comes from. */
  rejections(): readonly ProxyRejections[];
}

/** The connected proxies of one key. */
interface ProxyGroup {
  readonly cache: ResourceCache;
  /** Whichever came first: they are equal in all that `translate` looks at. */
  readonly node: ProxyNode;
}

export function createAds(options: AdsOptions): Ads {
  const { keyOf, translate, logger = silentLogger } = options;
  const groups = new Map<string, ProxyGroup>();

  const server = createXdsServer({
    cacheFor(node) {
      const key = keyOf(node);
      const known = groups.get(key);
      if (known) return known.cache;
      const group = { cache: createResourceCache(translate(node)), node };
      groups.set(key, group);
      return group.cache;
    },
    release: (node) => void groups.delete(keyOf(node)),
    logger,
    ...(options.observer ? { observer: options.observer } : {}),
  });

  const resourcesOf = (node: ProxyNode): ResourceSet | undefined => groups.get(keyOf(node))?.cache.current;
  const rejectionsOf = ({ node, types }: ConnectedProxy): readonly ProxyRejections[] =>
    findRejectedResources(types, resourcesOf(node)).map((rejection) => ({ node, ...rejection }));

  return {
    server,
    listen: (address) => server.listen(address),
    proxies: () => server.proxies(),
    resync: (proxy) => server.resync(proxy),
    close: () => server.close(),
    update() {
      for (const [key, { cache, node }] of groups) {
        try {
          cache.set(translate(node));
        } catch (thrown) {
          logger.error({ err: thrown, proxies: key }, 'translation failed; these proxies keep what they have');
        }
      }
    },
    intended(proxy) {
      const found = server.proxies().find(({ node }) => node.id === proxy || node.name === proxy);
      return found && resourcesOf(found.node);
    },
    rejections: () => server.proxies().flatMap(rejectionsOf),
  };
}
