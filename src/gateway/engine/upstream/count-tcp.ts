// Counts one connection to an endpoint that carries another protocol than HTTP.
import { type CountedConnection, countConnection } from './count-connection.ts';
import type { Cluster } from './create-cluster-set.ts';

/** To the cluster a connection is one request, which waits for it first. */
export function countUpstream({ statistics }: Cluster): Pick<CountedConnection, 'connected' | 'failed' | 'abandoned'> {
  const { counters, gauges } = statistics;
  const counting = countConnection(statistics, 'tcp', () => true);
  let state: 'waiting' | 'connected' | 'over' = 'waiting';
  counters.upstream_rq_pending_total++;
  gauges.upstream_rq_pending_active++;
  const leave = (): boolean => {
    if (state !== 'waiting') return false;
    gauges.upstream_rq_pending_active--;
    state = 'over';
    return true;
  };
  return {
    connected: (socket) => {
      if (!leave()) return;
      state = 'connected';
      counters.upstream_rq_total++;
      gauges.upstream_rq_active++;
      counting.connected(socket);
      socket.once('close', () => gauges.upstream_rq_active--);
    },
    failed: (reset) => {
      if (!leave()) return;
      counters.upstream_rq_pending_failure_eject++;
      counters.upstream_cx_connect_attempts_exceeded++;
      counting.failed(reset);
    },
    abandoned: () => {
      if (!leave()) return;
      counters.upstream_rq_cancelled++;
      counting.abandoned();
    },
  };
}
