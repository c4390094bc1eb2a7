// Why a listener does not serve, from Envoy's log: the only place where every failure is named (its dump forgets all but the last).
import net from 'node:net';
import type { Diagnostic } from '../../lib/diagnostic.ts';

export type ListenerFailure =
  | {
      readonly kind: 'bind';
      readonly cause: 'in-use' | 'privileged' | 'other';
      readonly listener: string;
      readonly address: string;
      readonly port: number;
      /** The operating system's words. */
      readonly reason: string;
    }
  /** Something about its configuration: pilot hears of it as a NACK. */
  | { readonly kind: 'rejected'; readonly listener: string; readonly reason: string };

function causeOf(reason: string): 'in-use' | 'privileged' | 'other' {
  if (/already in use/i.test(reason)) return 'in-use';
  return /permission denied|not permitted/i.test(reason) ? 'privileged' : 'other';
}

/** `lds: listener 'NAME' config rejected: cannot bind '127.0.0.1:30000': Address already in use`; undefined for other messages. */
export function parseListenerFailure(message: string): ListenerFailure | undefined {
  const rejected = /^lds: listener '(.+?)' config rejected: (.*)$/s.exec(message);
  if (rejected === null) return undefined;
  const [, listener = '', details = ''] = rejected;
  const bind = /cannot (?:bind|listen)[^']*'\[?([^'\]]+)\]?:(\d+)'[^:]*: ([^\n;]+)/.exec(details);
  if (bind === null) return { kind: 'rejected', listener, reason: details.trim() };
  const [, address = '', port = '', reason = ''] = bind;
  return { kind: 'bind', cause: causeOf(reason), listener, address, port: Number(port), reason: reason.trim() };
}

/** Undefined for a rejected configuration, which pilot reports with the user's objects. */
export function diagnoseListenerFailure(failure: ListenerFailure): Diagnostic | undefined {
  if (failure.kind === 'rejected') return undefined;
  const place = `${net.isIPv6(failure.address) ? `[${failure.address}]` : failure.address}:${failure.port}`;
  const effect = `Listener ${failure.listener} does not serve; all other ports do.`;
  if (failure.cause === 'privileged') {
    const message = `This user may not listen on ${place} (${failure.reason}). ${effect}`;
    const allow = `net.ipv4.ip_unprivileged_port_start=${failure.port}`;
    const remedy = `Map the Gateway port to one above 1023 with --port-map, or have the administrator set ${allow}.`;
    return { severity: 'error', code: 'TG0020', message, remedy };
  }
  if (failure.cause === 'in-use') {
    const message = `Another process already listens on ${place}. ${effect}`;
    const remedy = 'Stop it (the port is taken over once it is free), or map the Gateway port with --port-map.';
    return { severity: 'error', code: 'TG0019', message, remedy };
  }
  const message = `The gateway cannot listen on ${place}: ${failure.reason}. ${effect}`;
  return { severity: 'error', code: 'TG0024', message, remedy: 'Give an address of this machine with --bind.' };
}

/** Tries to listen, and lets go at once. */
export function isBindable(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', () => resolve(false));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
