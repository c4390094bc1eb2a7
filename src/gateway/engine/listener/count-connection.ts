// Counts one connection of HTTP, from when its filter chain is known: how long it lives, what it carries, and which side ends it.
import type { Socket } from 'node:net';
import { countBytes } from '../statistics/count-bytes.ts';
import type { HttpStatistics } from '../statistics/http-statistics.ts';

export interface CountedConnection {
  protocol(name: 'http1' | 'http2'): void;
  /** What its bytes are read from once it is there: of TLS the plaintext counts. */
  carries(stream: Socket): void;
}

export function countConnection(
  socket: Socket,
  { counters, gauges, connectionMs, carried }: HttpStatistics,
  options: { readonly isSecure: boolean; readonly isBusy: () => boolean },
): CountedConnection {
  const startedAt = performance.now();
  const { isSecure, isBusy } = options;
  let spoken: 'http1' | 'http2' | undefined;
  let isRemote = false;
  let bytes = (): void => {};
  counters.downstream_cx_total++;
  gauges.downstream_cx_active++;
  if (isSecure) {
    counters.downstream_cx_ssl_total++;
    gauges.downstream_cx_ssl_active++;
  }
  const noteEnd = (): void => {
    isRemote = true;
  };
  socket.once('end', noteEnd);
  // Requests under way end by the close, and would no longer be there after it.
  socket.prependOnceListener('close', (hadError: boolean) => {
    bytes();
    carried.delete(bytes);
    const side = isRemote || hadError ? 'remote' : 'local';
    counters.downstream_cx_destroy++;
    counters[`downstream_cx_destroy_${side}`]++;
    if (isBusy()) {
      counters.downstream_cx_destroy_active_rq++;
      counters[`downstream_cx_destroy_${side}_active_rq`]++;
    }
    gauges.downstream_cx_active--;
    if (isSecure) gauges.downstream_cx_ssl_active--;
    if (spoken) gauges[`downstream_cx_${spoken}_active`]--;
    connectionMs.record(performance.now() - startedAt);
  });
  return {
    protocol: (name) => {
      spoken = name;
      counters[`downstream_cx_${name}_total`]++;
      gauges[`downstream_cx_${name}_active`]++;
    },
    carries: (stream) => {
      bytes = countBytes(stream, (received, sent) => {
        counters.downstream_cx_rx_bytes_total += received;
        counters.downstream_cx_tx_bytes_total += sent;
      });
      carried.add(bytes);
      if (stream !== socket) stream.once('end', noteEnd).prependOnceListener('close', bytes);
    },
  };
}
