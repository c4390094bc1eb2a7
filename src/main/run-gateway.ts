// `tidegate gateway`: one data plane, configured by the pilot of another process.
import type { AdminViews } from '../admin/views.ts';
import { TidegateError } from '../lib/tidegate-error.ts';
import { createNode } from '../xds/node.ts';
import { createGateway, type Gateway } from './create-gateway.ts';
import { nodeOptions } from './node-options.ts';
import { type Parts, productionParts } from './parts.ts';
import type { GatewayOptions, RunEvents, RunSignals } from './run-options.ts';
import { serveAdmin } from './serve-admin.ts';
import { serveMetrics } from './serve-metrics.ts';
import { setUpRun } from './set-up-run.ts';
import { stopped } from './stopped.ts';
import { versions } from './versions.ts';

/** Resolves when it has drained as asked. Throws TidegateError when it cannot run. */
export async function runGateway(
  options: GatewayOptions,
  signals: RunSignals,
  events: RunEvents,
  parts: Pick<Parts, 'createDataPlane'> = productionParts,
): Promise<void> {
  await setUpRun(options, signals, events, async ({ logger, diagnostics, closers }) => {
    // The node tells pilot where the admin server is, so that one is bound first and answers from what there is by then.
    let gateway: Gateway | undefined;
    const { id } = createNode(nodeOptions(options, undefined));
    const isSelf = (proxy: string | undefined): boolean =>
      proxy === undefined || proxy === id || proxy === `${options.name}.${options.namespace}`;
    const views: AdminViews = {
      version: versions().tidegate,
      role: 'gateway',
      startedAt: Date.now(),
      isReady: () => gateway?.isReady() ?? false,
      diagnostics: () => {
        gateway?.refreshDiagnostics();
        return diagnostics.current();
      },
      actual: (proxy) => (isSelf(proxy) && gateway ? gateway.configDump() : Promise.resolve(undefined)),
      ports: async () => (await gateway?.ports()) ?? [],
      accessLog: {
        recent: () => gateway?.accessLog.recent() ?? [],
        subscribe: (listener) => gateway?.accessLog.subscribe(listener) ?? (() => undefined),
      },
      statistics: async (parameters, format) => {
        if (gateway === undefined) throw new TidegateError('unavailable', 'the data plane is not running');
        return gateway.statistics(parameters, format);
      },
      stats: () => ({ ready: gateway?.isReady() ? 1 : 0, diagnostics: diagnostics.current().length }),
    };
    const admin = await serveAdmin(options.admin, views, logger);
    closers.add('the admin server', admin.close);
    const metrics = await serveMetrics(options.metrics, views, diagnostics, logger);
    closers.add('the metrics server', metrics.close);
    const node = nodeOptions(options, admin.address);
    const surroundings = { node, pilot: options.pilot, logger, events, signal: signals.stop };
    const { dataPlane, close } = await parts.createDataPlane(options, surroundings);
    closers.add('the mounted certificates', close);
    const started = createGateway(dataPlane, options, diagnostics, logger);
    gateway = started;
    closers.add('the data plane', () => started.stop(signals));
    if ((await started.start(signals)) === 'stopped') return;
    events.ready({ admin: admin.address, xds: undefined, ports: await started.ports() });
    await stopped(signals.stop);
  });
}
