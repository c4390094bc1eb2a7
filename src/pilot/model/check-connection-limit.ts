// globalDownstreamConnectionLimit of the mesh settings: a gateway obeys the limit it was started with, and may have another one.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { Model } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import { report } from './report.ts';

/** Of gateways that are connected: of those that are only expected nobody knows how they will start. */
export function checkConnectionLimit({ mesh, settings }: Model, { maxConnections }: ProxyClass): readonly Diagnostic[] {
  const wanted = mesh.proxy.connection.maxConnections;
  if (settings === undefined || wanted === undefined) return [];
  if (maxConnections === undefined || maxConnections === wanted) return [];
  return [
    report(settings, {
      severity: 'warning',
      code: 'TG0042',
      path: ['data', 'mesh'],
      message: `globalDownstreamConnectionLimit is ${wanted}, and a gateway was started with ${maxConnections === 'unlimited' ? 'no limit' : `a limit of ${maxConnections}`}: as in Istio, the setting counts when a gateway starts.`,
      remedy: `Start it again with --max-connections ${wanted}.`,
    }),
  ];
}
