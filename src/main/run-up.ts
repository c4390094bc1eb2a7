// `tidegate up`: pilot and one gateway in one process. They meet over xDS on a private Unix socket, as they do everywhere.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AdminViews } from '../admin/views.ts';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { proxyClassOf } from '../pilot/translate/proxy-class-of.ts';
import { createNode, parseNode } from '../xds/node.ts';
import { createGateway } from './create-gateway.ts';
import { createPilot } from './create-pilot.ts';
import { nodeOptions } from './node-options.ts';
import { type Parts, productionParts } from './parts.ts';
import { observedPorts } from './port-views.ts';
import type { RunEvents, RunSignals, UpOptions } from './run-options.ts';
import { serveAdmin } from './serve-admin.ts';
import { serveMetrics } from './serve-metrics.ts';
import { setUpRun } from './set-up-run.ts';
import { stopped } from './stopped.ts';
import { versions } from './versions.ts';
import { withBackends } from './with-backends.ts';

/** Resolves when it has drained as asked. Throws TidegateError when it cannot run. */
export async function runUp(
  options: UpOptions,
  signals: RunSignals,
  events: RunEvents,
  parts: Parts = productionParts,
): Promise<void> {
  await setUpRun(options, signals, events, async ({ logger, diagnostics, closers }) => {
    const identity = nodeOptions(options, undefined);
    const self = parseNode(createNode(identity));
    // Only this user may reach the socket: who connects to it gets private keys. mkdtemp makes the folder 0700.
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidegate-'));
    closers.add('the private folder', () => fs.rmSync(folder, { recursive: true, force: true }));
    const xds = `unix:${path.join(folder, 'xds.sock')}`;

    const source = withBackends(parts.createSource({ paths: options.paths, logger }), options.backends);
    const pilot = createPilot(source, diagnostics, logger, {
      isBesideGateway: true,
      likeIstio: options.likeIstio,
      jwksRefreshMs: options.jwksRefreshMs,
      routeMode: options.routeMode,
    });
    const surroundings = { node: identity, pilot: xds, logger, events, signal: signals.stop };
    const { dataPlane, close } = await parts.createDataPlane(options, surroundings);
    closers.add('the mounted certificates', close);
    const located = {
      ...diagnostics,
      set: (part: string, found: readonly Diagnostic[]) => diagnostics.set(part, pilot.locate(found)),
    };
    const gateway = createGateway(dataPlane, options, located, logger);
    const ports = async () => observedPorts(pilot.ports(proxyClassOf(self)), await gateway.listeners(), options.engine);
    const isSelf = (proxy: string | undefined) => proxy === undefined || proxy === self.id || proxy === self.name;
    const views: AdminViews = {
      version: versions().tidegate,
      role: 'up',
      startedAt: Date.now(),
      isReady: gateway.isReady,
      diagnostics: () => {
        gateway.refreshDiagnostics();
        return diagnostics.current();
      },
      proxies: pilot.proxies,
      intended: pilot.intended,
      resync: pilot.resync,
      actual: (proxy) => (isSelf(proxy) ? gateway.configDump() : Promise.resolve(undefined)),
      ports,
      accessLog: gateway.accessLog,
      statistics: gateway.statistics,
      stats: () => ({
        proxies: pilot.proxies().length,
        ready: gateway.isReady() ? 1 : 0,
        diagnostics: diagnostics.current().length,
      }),
    };
    const admin = await serveAdmin(options.admin, views, logger);
    closers.add('the admin server', admin.close);
    const metrics = await serveMetrics(options.metrics, views, diagnostics, logger);
    closers.add('the metrics server', metrics.close);
    if ((await pilot.start(signals.stop)) === 'stopped') return;
    closers.add('the xDS server', pilot.close);
    await pilot.listen(xds);
    closers.add('the data plane', () => gateway.stop(signals));
    if ((await gateway.start(signals)) === 'stopped') return;
    events.ready({ admin: admin.address, xds: undefined, ports: await ports() });
    await stopped(signals.stop);
  });
}
