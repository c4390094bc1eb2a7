// Counts one connection to an endpoint, from the first attempt to its end.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ClusterStatistics } from '../statistics/cluster-statistics.ts';
import { countBytes } from '../statistics/count-bytes.ts';
import { countHandshake } from '../statistics/ssl-statistics.ts';
import type { UpstreamReset } from './upstream-stream.ts';

export interface CountedConnection {
  /** The host is reached. */
  connected(socket: Socket): void;
  failed(reset: UpstreamReset): void;
  /** Given up before it was reached. */
  abandoned(): void;
}

/** `isBusy` is asked at its end: whether a request goes down with it. */
export function countConnection(
  { counters, gauges, connectMs, connectionMs, carried, ssl }: ClusterStatistics,
  protocol: 'http1' | 'http2' | 'tcp',
  isBusy: () => boolean,
): CountedConnection {
  const startedAt = performance.now();
  counters.upstream_cx_total++;
  gauges.upstream_cx_active++;
  if (protocol !== 'tcp') counters[`upstream_cx_${protocol}_total`]++;

  const end = (side: 'local' | 'remote'): void => {
    gauges.upstream_cx_active--;
    counters.upstream_cx_destroy++;
    counters[`upstream_cx_destroy_${side}`]++;
  };

  return {
    connected: (socket) => {
      const connectedAt = performance.now();
      let isRemote = false;
      if (socket instanceof TLSSocket) countHandshake(socket, ssl);
      connectMs.record(connectedAt - startedAt);
      const bytes = countBytes(socket, (received, sent) => {
        counters.upstream_cx_rx_bytes_total += received;
        counters.upstream_cx_tx_bytes_total += sent;
      });
      carried.add(bytes);
      // Before those who end a request when its connection ends.
      socket.prependOnceListener('end', () => {
        isRemote = true;
        bytesAtEnd();
      });
      socket.prependOnceListener('close', (hadError: boolean) => {
        bytesAtEnd();
        carried.delete(bytes);
        connectionMs.record(performance.now() - connectedAt);
        const side = isRemote || hadError ? 'remote' : 'local';
        end(side);
        if (!isBusy() && !wasBusy) return;
        counters.upstream_cx_destroy_with_active_rq++;
        counters[`upstream_cx_destroy_${side}_with_active_rq`]++;
      });
      let wasBusy = false;
      const bytesAtEnd = (): void => {
        wasBusy ||= isBusy();
        bytes();
      };
    },
    failed: ({ reason, tlsFailure }) => {
      if (tlsFailure) ssl.counters[tlsFailure]++;
      if (reason === 'connection timeout') counters.upstream_cx_connect_timeout++;
      counters.upstream_cx_connect_fail++;
      end(reason === 'connection timeout' ? 'local' : 'remote');
    },
    abandoned: () => {
      counters.upstream_cx_connect_fail++;
      end('local');
    },
  };
}
