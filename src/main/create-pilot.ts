// The control plane half of a process: manifests to snapshots to a model to what each class of proxies gets.
import type { ConfigDumpView, PortView, ProxySyncView } from '../admin/views.ts';
import type { Diagnostic } from '../lib/diagnostic.ts';
import type { IstioBehavior } from '../lib/istio-behaviors.ts';
import type { Logger } from '../lib/logger.ts';
import { createAds } from '../pilot/ads/create-ads.ts';
import { buildModel } from '../pilot/model/build-model.ts';
import { buildProxyView } from '../pilot/model/build-proxy-view.ts';
import type { Model } from '../pilot/model/model.ts';
import { type ProxyClass, proxyClassKey } from '../pilot/model/proxy-class.ts';
import type { Snapshot, Source } from '../pilot/resources/snapshot.ts';
import { buildProxyStatus } from '../pilot/status/build-proxy-status.ts';
import { dumpResources } from '../pilot/status/dump-resources.ts';
import { proxyClassOf } from '../pilot/translate/proxy-class-of.ts';
import { translate } from '../pilot/translate/translate.ts';
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
}

export function createPilot(
  source: Source,
  diagnostics: Diagnostics,
  logger: Logger,
  { isBesideGateway, likeIstio }: PilotOptions,
): Pilot {
  let model: Model | undefined;
  let latest: Snapshot | undefined;

  const ads = createAds({
    keyOf: (node) => proxyClassKey(proxyClassOf(node)),
    translate: (node) => (model ? translate(model, proxyClassOf(node)) : emptyResourceSet),
    observer: {
      connected: () => diagnoseLater(),
      disconnected: () => diagnoseLater(),
      rejected: () => diagnoseLater(),
      acknowledged: () => diagnoseLater(),
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
    diagnostics.set('proxies', [
      ...classes().flatMap((proxyClass) => buildProxyView(current, proxyClass).diagnostics),
      ...diagnoseSelectors(current, classes()),
      ...diagnoseRejections(isBesideGateway ? withoutBindFailures(ads.rejections()) : ads.rejections()),
    ]);
  };

  // Acknowledgements come in bursts, from within the server: looked at once, and outside of it.
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
      const built = buildModel(model, snapshot, Date.now(), new Set(likeIstio));
      latest = snapshot;
      model = built.model;
      diagnostics.set('model', built.diagnostics);
      ads.update();
      diagnoseLater();
    });
  };

  return {
    start: (signal) => {
      const first = new Promise<'started'>((resolve, reject) => {
        source
          .run((snapshot) => {
            takeSnapshot(snapshot);
            if (model) resolve('started');
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
    close: () => ads.close(),
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
