// How Envoy words and flags a request that failed at its endpoint.
import type { ResponseFlag } from '../config/request-info.ts';
import type { LocalReply } from '../http/exchange.ts';
import type { ResetReason, UpstreamReset } from '../upstream/upstream-stream.ts';

const flagByReason: Readonly<Record<ResetReason, ResponseFlag>> = {
  'local reset': 'LR',
  'remote connection failure': 'UF',
  'connection timeout': 'UF',
  'connection termination': 'UC',
  'remote reset': 'UR',
  'remote refused stream reset': 'UR',
  'protocol error': 'UPE',
  overflow: 'UO',
};

export function resetFlag(reason: ResetReason): ResponseFlag {
  return flagByReason[reason];
}

/** `{connection_termination}`, `{remote_connection_failure|delayed_connect_error:_Connection_refused}`. */
export function resetDetails(prefix: string, reset: UpstreamReset): string {
  const failure = reset.transportFailure === undefined ? '' : `|${reset.transportFailure}`;
  return `${prefix}{${`${reset.reason}${failure}`.replaceAll(' ', '_')}}`;
}

/** The answer to a request that no endpoint began to answer; a silent one without headers that only explain. */
export function resetReply(reset: UpstreamReset, retried: boolean, isSilent = false): LocalReply {
  const status = reset.reason === 'protocol error' ? 502 : 503;
  return {
    status,
    body: `upstream connect error or disconnect/reset before headers. ${retried ? 'retried and the latest ' : ''}reset reason: ${reset.reason}`,
    details: resetDetails('upstream_reset_before_response_started', reset),
    flags: [resetFlag(reset.reason)],
    ...(reset.reason === 'overflow' && !isSilent && { headers: ['x-envoy-overloaded', 'true'] }),
  };
}
