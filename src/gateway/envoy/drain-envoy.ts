// The end of a gateway that serves: no new connections, an end for those there are, and not longer than it is allowed to take.
import type { EnvoyAdmin } from './create-envoy-admin.ts';

const pollMs = 100;

/** Requests and raw TCP connections under way. An idle keep-alive connection is none: it costs its client nothing to close it. */
export function countActive(stats: string): number {
  let requests = 0;
  let httpConnections = 0;
  let connections = 0;
  for (const line of stats.split('\n')) {
    const at = line.lastIndexOf(': ');
    const name = line.slice(0, at);
    const value = Number(line.slice(at + 2));
    if (at === -1 || !Number.isFinite(value) || /^(http|listener)\.admin\./.test(name)) continue;
    if (/^http\..*\.downstream_rq_active$/.test(name)) requests += value;
    else if (/^http\..*\.downstream_cx_active$/.test(name)) httpConnections += value;
    else if (/^listener\..*\.downstream_cx_active$/.test(name) && !/\.worker_\d+\./.test(name)) connections += value;
  }
  return requests + Math.max(0, connections - httpConnections);
}

/** Resolves when nothing is under way, Envoy is gone, or the time is over; true if nothing was cut off. */
export async function drainEnvoy(admin: EnvoyAdmin, timeoutMs: number, exited: Promise<unknown>): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  let isGone = false;
  void exited.then(() => {
    isGone = true;
  });
  try {
    // Answers from now on tell their clients to close (HTTP/1) or go away (HTTP/2) …
    await admin.post('/drain_listeners?graceful&skip_exit');
    // … and the ports are closed at once: whoever balances in front of us finds out by a refused connection.
    await admin.post('/drain_listeners');
    while (Date.now() < end && !isGone) {
      const stats = await admin.get('/stats?filter=downstream_(cx|rq)_active$');
      if (countActive(stats.body) === 0) return true;
      await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, Math.max(1, end - Date.now()))));
    }
  } catch {
    // Not reachable: it has ended, or hangs, and is stopped next in any case.
  }
  return false;
}
