// `tidegate pilot`: the control plane for gateways of other processes.
import type { AdminViews } from '../admin/views.ts';
import { createPilot } from './create-pilot.ts';
import { type Parts, productionParts } from './parts.ts';
import type { PilotOptions, RunEvents, RunSignals } from './run-options.ts';
import { serveAdmin } from './serve-admin.ts';
import { setUpRun } from './set-up-run.ts';
import { stopped } from './stopped.ts';
import { versions } from './versions.ts';
import { withBackends } from './with-backends.ts';

/** Resolves when it has ended as asked. Throws TidegateError when it cannot run. */
export async function runPilot(
  options: PilotOptions,
  signals: RunSignals,
  events: RunEvents,
  parts: Pick<Parts, 'createSource'> = productionParts,
): Promise<void> {
  await setUpRun(options, signals, events, async ({ logger, diagnostics, closers }) => {
    const source = withBackends(parts.createSource({ paths: options.paths, logger }), options.backends);
    const pilot = createPilot(source, diagnostics, logger, {
      isBesideGateway: false,
      likeIstio: options.likeIstio,
      jwksRefreshMs: options.jwksRefreshMs,
      routeMode: options.routeMode,
    });
    let isReady = false;
    const views: AdminViews = {
      version: versions().tidegate,
      role: 'pilot',
      startedAt: Date.now(),
      isReady: () => isReady,
      diagnostics: diagnostics.current,
      proxies: pilot.proxies,
      intended: pilot.intended,
      resync: pilot.resync,
      ports: () => Promise.resolve(pilot.ports()),
      stats: () => ({ proxies: pilot.proxies().length, diagnostics: diagnostics.current().length }),
    };
    const admin = await serveAdmin(options.admin, views, logger);
    closers.add('the admin server', admin.close);
    if ((await pilot.start(signals.stop)) === 'stopped') return;
    closers.add('the xDS server', pilot.close);
    const xds = await pilot.listen(options.xds);
    isReady = true;
    events.ready({ admin: admin.address, xds, ports: [] });
    await stopped(signals.stop);
  });
}
