// What a stream's state says about one type, in the words of proxy-status.
import type { TypeUrl } from '../type-urls.ts';
import type { StreamState, TypeState } from './stream-state.ts';
import type { SyncStatus, TypeStatus } from './xds-server.ts';

function syncStatus(type: TypeState): SyncStatus {
  if (type.error !== undefined) return 'ERROR';
  if (type.pending || type.waitingSince.size > 0) return 'STALE';
  return type.sentAt === undefined && type.held.size === 0 ? 'NOT SENT' : 'SYNCED';
}

/** Since when the proxy lacks something; undefined if it lacks nothing. */
function staleSince(type: TypeState): number | undefined {
  let since = type.pending?.sentAt;
  for (const time of type.waitingSince.values()) since = since === undefined ? time : Math.min(since, time);
  return since;
}

export function readTypeStatus(type: TypeState, now: number): TypeStatus {
  return {
    status: syncStatus(type),
    staleForMs: Math.max(0, now - (staleSince(type) ?? now)),
    error: type.error,
    rejected: [...new Set([...type.rejected.keys(), ...type.suspects.flat()])],
    // Made when asked for: an observer that only counts should not pay for ten thousand names.
    get acknowledged() {
      return new Map([...type.held.entries()].map(([name, { version }]) => [name, version]));
    },
    sentAt: type.sentAt,
    acknowledgedAt: type.acknowledgedAt,
  };
}

/** Every type that the stream's service serves, in push order. */
export function readTypeStatuses(state: StreamState, now: number): ReadonlyMap<TypeUrl, TypeStatus> {
  return new Map([...state.types].map(([typeUrl, type]) => [typeUrl, readTypeStatus(type, now)]));
}
