// What is counted of connections where they come in: under `listener.<address>.`, and of TCP under `tcp.<stat_prefix>.`.
import { createHistogram } from './create-histogram.ts';
import { addGroups, type Registry, statName, statPrefix } from './create-registry.ts';
import { createSslStatistics, sslGroup } from './ssl-statistics.ts';

const listenerCounters = () => ({
  downstream_cx_total: 0,
  downstream_cx_destroy: 0,
  downstream_cx_transport_socket_connect_timeout: 0,
  downstream_pre_cx_timeout: 0,
  downstream_global_cx_overflow: 0,
  no_filter_chain_match: 0,
});

const classCounters = () => ({
  downstream_rq_completed: 0,
  downstream_rq_1xx: 0,
  downstream_rq_2xx: 0,
  downstream_rq_3xx: 0,
  downstream_rq_4xx: 0,
  downstream_rq_5xx: 0,
});

export type ListenerHttpStatistics = ReturnType<typeof classCounters>;

export type ListenerStatistics = ReturnType<typeof createListenerStatistics>;

export function createListenerStatistics() {
  return {
    counters: listenerCounters(),
    gauges: { downstream_cx_active: 0 },
    connectionMs: createHistogram(),
    ssl: createSslStatistics(),
    /** Answers by the prefix of their connection manager. */
    http: new Map<string, ListenerHttpStatistics>(),
  };
}

/** `127.0.0.1` and 80 → `127.0.0.1_80`. */
export const listenerStatName = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  statName(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);

export function registerListener(registry: Registry, name: string, statistics: ListenerStatistics): () => void {
  const prefix = statPrefix('listener', name);
  const { counters, gauges, ssl, connectionMs, http } = statistics;
  const answers = () =>
    [...http].flatMap(([manager, classes]) =>
      Object.entries(classes).map(([key, count]) => [statPrefix('http', manager) + key, count] as const),
    );
  const histograms = { downstream_cx_length_ms: connectionMs };
  return addGroups(registry, [
    [prefix, { counters, gauges, histograms, more: answers }],
    [`${prefix}ssl.`, sslGroup(ssl)],
  ]);
}

/** Of the listener's connection managers with this prefix. */
export function listenerAnswers({ http }: ListenerStatistics, manager: string): ListenerHttpStatistics {
  const known = http.get(manager) ?? classCounters();
  http.set(manager, known);
  return known;
}

export type TcpStatistics = ReturnType<typeof createTcpStatistics>;

export function createTcpStatistics() {
  return {
    counters: {
      downstream_cx_total: 0,
      downstream_cx_no_route: 0,
      downstream_cx_rx_bytes_total: 0,
      downstream_cx_tx_bytes_total: 0,
      idle_timeout: 0,
    },
  };
}

export function registerTcp(registry: Registry, name: string, statistics: TcpStatistics): () => void {
  return registry.add(statPrefix('tcp', name), { counters: statistics.counters });
}
