// The control plane half of a process: manifests to snapshots to a model to what each class of proxies gets.
import type { ConfigDumpView, PortView, ProxySyncView } from '../admin/views.ts';
import type { Diagnostic } from '../lib/diagnostic.ts';
import type { IstioBehavior } from '../lib/istio-behaviors.ts';
import type { Logger } from '../lib/logger.ts';
import type { RouteMode } from '../lib/route-mode.ts';
import { createAds } from '../pilot/ads/create-ads.ts';
import { createKeyFetcher } from '../pilot/keys/create-key-fetcher.ts';
import { buildModel } from '../pilot/model/build-model.ts';
import { buildProxyView } from '../pilot/model/build-proxy-view.ts';
import { discoverObjects } from '../pilot/model/discover-objects.ts';
import { listKeySources } from '../pilot/model/list-key-sources.ts';
import type { Model } from '../pilot/model/model.ts';
import { type ProxyClass, proxyClassKey } from '../pilot/model/proxy-class.ts';
import { sameList } from '../pilot/model/same-list.ts';
import { buildResources, diagnosePatches } from '../pilot/patch/build-resources.ts';
import type { Snapshot, Source } from '../pilot/resources/snapshot.ts';
import { buildProxyStatus } from '../pilot/status/build-proxy-status.ts';
import { dumpResources } from '../pilot/status/dump-resources.ts';
import { proxyClassOf } from '../pilot/translate/proxy-class-of.ts';
import { emptyResourceSet } from '../xds/resource.ts';
import type { Diagnostics } from './create-diagnostics.ts';
import { diagnoseRejections, diagnoseSelectors, withoutBindFailures } from './diagnose-proxies.ts';
import { locateCertificateFiles } from './locate-certificate-files.ts';
import { intendedPorts } from './port-views.ts';
import { untilStopped } from './stopped.ts';

export interface Pilot {
  /** Resolves once the first configuration is made (`started`) or the signal aborts. Throws if the source cannot run. */
  start(signal: AbortSignal): Promise<'started' | 'stopped'>;
  /** Accepts proxies. Call it after `start`: a proxy must never be told that there is nothing. Returns the address bound. */
  listen(address: string): Promise<string>;
  close(): Promise<void>;
  proxies(): readonly ProxySyncView[];
  intended(proxy: string): ConfigDumpView | undefined;
  resync(proxy: string): boolean;
  /** A gateway's findings about certificate files, with the Gateways that name those files. */
  locate(diagnostics: readonly Diagnostic[]): readonly Diagnostic[];
  /** Of one class of proxies; without it of all that are connected. */
  ports(proxyClass?: ProxyClass): readonly PortView[];
}

export interface PilotOptions {
  /** Its only proxy runs in this process, and reports what it cannot bind by itself. */
  readonly isBesideGateway: boolean;
  readonly likeIstio: readonly IstioBehavior[];
  /** Between two fetches of the keys of RequestAuthentications. */
  readonly jwksRefreshMs: number;
  readonly routeMode: RouteMode;
}

/** Acknowledgements are looked at so often at most. */
const acknowledgedAfterMs = 50;

export function createPilot(
  source: Source,
  diagnostics: Diagnostics,
  logger: Logger,
  { isBesideGateway, likeIstio, jwksRefreshMs, routeMode }: PilotOptions,
): Pilot {
  let model: Model | undefined;
  let latest: Snapshot | undefined;
  const keyFetcher = createKeyFetcher({
    refreshMs: jwksRefreshMs,
    onChange: () => {
      if (latest) takeSnapshot(latest);
    },
  });

  const ads = createAds({
    keyOf: (node) => proxyClassKey(proxyClassOf(node)),
    translate: (node) => (model ? buildResources(model, proxyClassOf(node)) : emptyResourceSet),
    observer: {
      connected: () => diagnoseLater(),
      disconnected: () => diagnoseLater(),
      rejected: () => diagnoseLater(),
      acknowledged: () => diagnoseSoon(),
    },
    logger,
  });

  const classes = (): readonly ProxyClass[] => [
    ...new Map(
      ads.proxies().map(({ node }): [string, ProxyClass] => {
        const proxyClass = proxyClassOf(node);
        return [proxyClassKey(proxyClass), proxyClass];
      }),
    ).values(),
  ];

  /** What depends on who is connected. */
  const diagnose = (): void => {
    if (!model) return;
    const current = model;
    if (latest) followKeys(current, latest);
    const connected = classes();
    const found = [
      ...connected.flatMap((proxyClass) => buildProxyView(current, proxyClass).diagnostics),
      ...diagnoseSelectors(current, connected),
      ...diagnosePatches(current, connected),
      ...diagnoseRejections(isBesideGateway ? withoutBindFailures(ads.rejections()) : ads.rejections()),
    ];
    // The same list, where nothing in it is new: then nobody compares one by one what is known.
    told = sameList(told, found) ? told : found;
    diagnostics.set('proxies', told);
  };
  let told: readonly Diagnostic[] = [];

  /** A thousand proxies acknowledge one change: that a problem is over may be told a moment later. */
  let soon: NodeJS.Timeout | undefined;
  const diagnoseSoon = (): void => {
    soon ??= setTimeout(() => {
      soon = undefined;
      diagnoseLater();
    }, acknowledgedAfterMs).unref();
  };

  // Changes and rejections come in bursts, from within the server: looked at once, and outside of it.
  let isDue = false;
  const diagnoseLater = (): void => {
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      guard('diagnose proxies', diagnose);
    });
  };

  /** A defect of ours costs one update: what was good before stays in force. */
  const guard = (what: string, step: () => void): void => {
    try {
      step();
    } catch (error) {
      logger.error({ err: error }, `could not ${what}; the last good configuration stays in force`);
    }
  };

  const takeSnapshot = (snapshot: Snapshot): void => {
    guard('use the manifests', () => {
      // First with the gateways known so far, so that an issuer that moves its keys does not lose them meanwhile.
      if (model) followKeys(model, snapshot);
      const built = buildModel(model, snapshot, Date.now(), new Set(likeIstio), keyFetcher.keys(), routeMode);
      latest = snapshot;
      model = built.model;
      const isStale = followKeys(model, snapshot);
      diagnostics.set('model', built.diagnostics);
      ads.update();
      diagnoseLater();
      if (isStale) takeSnapshot(snapshot);
    });
  };

  /** For gateways that are connected, and those that are expected. Whether keys are known now that were not. */
  const followKeys = (current: Model, { objects }: Snapshot): boolean =>
    keyFetcher.follow(
      listKeySources([...discoverObjects(objects, current.mesh).seen.RequestAuthentication.values()], current.mesh, [
        ...current.impliedProxyClasses,
        ...classes(),
      ]),
    );

  return {
    start: (signal) => {
      signal.addEventListener('abort', keyFetcher.close, { once: true });
      const first = new Promise<'started'>((resolve, reject) => {
        source
          .run((snapshot) => {
            takeSnapshot(snapshot);
            // A gateway that has keys from before must not lose them to a pilot that has none yet.
            if (model) void keyFetcher.tried().then(() => resolve('started'));
          }, signal)
          .catch((error: unknown) => {
            // After the first snapshot nobody waits any more.
            logger.error({ err: error }, 'the manifests are not followed any more');
            reject(error);
          });
      });
      return untilStopped(first, signal);
    },
    listen: (address) => ads.listen(address),
    close: () => {
      clearTimeout(soon);
      keyFetcher.close();
      return ads.close();
    },
    proxies: () => ads.proxies().map((proxy) => buildProxyStatus(proxy, ads.intended(proxy.node.id))),
    intended: (proxy) => {
      const resources = ads.intended(proxy);
      return resources && dumpResources(resources);
    },
    resync: (proxy) => ads.resync(proxy),
    locate: (found) => locateCertificateFiles(found, latest),
    ports: (proxyClass) => {
      const current = model;
      if (!current) return [];
      const wanted = proxyClass ? [proxyClass] : classes();
      return wanted.flatMap((one) => intendedPorts(buildProxyView(current, one).ports));
    },
  };
}
