// Carries Envoy's ADS connection to pilot, byte by byte: Envoy knows one Unix socket, wherever pilot is and comes back.
import net from 'node:net';
import { type Logger, silentLogger } from '../../lib/logger.ts';
import { TidegateError } from '../../lib/tidegate-error.ts';

export interface Relay {
  /** Rejects with TidegateError if the socket cannot be made. */
  listen(): Promise<void>;
  /** Ends all connections; Envoy connects again by itself and tells pilot what it has. */
  reset(): void;
  isConnected(): boolean;
  close(): void;
}

export interface RelayOptions {
  /** Path of the Unix socket Envoy connects to. */
  readonly socket: string;
  /** `unix:/path` or `host:port`, where `[::1]:15010` is IPv6. */
  readonly pilot: string;
  readonly logger?: Logger;
}

const connectTimeoutMs = 5000;
/** Envoy needs one; a second one overlaps while it reconnects. */
const maxConnections = 16;

export function parsePilotAddress(address: string): net.NetConnectOpts | undefined {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length).replace(/^\/\//, '') };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host !== undefined && port > 0 && port < 65_536 ? { host, port } : undefined;
}

export function createRelay(options: RelayOptions): Relay {
  const logger = options.logger ?? silentLogger;
  const pairs = new Set<{ readonly envoy: net.Socket; readonly pilot: net.Socket; connected: boolean }>();
  /** The last state told: a pilot that is away for long is one line, not one per attempt of Envoy. */
  let told: 'connected' | 'away' | undefined;

  const carry = (envoy: net.Socket, target: net.NetConnectOpts): void => {
    const pilot = net.connect(target);
    const pair = { envoy, pilot, connected: false };
    pairs.add(pair);
    pilot.setTimeout(connectTimeoutMs, () => pilot.destroy(new Error('no connection within 5 s')));
    pilot.once('connect', () => {
      pair.connected = true;
      pilot.setTimeout(0);
      // Finds a pilot whose machine is gone without a word.
      if ('port' in target) pilot.setKeepAlive(true, 30_000).setNoDelay();
      if (told !== 'connected') logger.info({ pilot: options.pilot }, 'Envoy is connected to pilot');
      told = 'connected';
    });
    let cause = '';
    pilot.on('error', (error) => {
      cause = error.message;
    });
    envoy.on('error', () => undefined);
    const end = (): void => {
      if (!pairs.delete(pair)) return;
      envoy.destroy();
      pilot.destroy();
    };
    pilot.once('close', () => {
      if (told !== 'away' && pairs.has(pair)) {
        logger.warn(
          { pilot: options.pilot, cause },
          'pilot is away: Envoy keeps its last configuration and tries again',
        );
        told = 'away';
      }
      end();
    });
    envoy.once('close', end);
    // pipe() stops reading while the other side cannot take more.
    envoy.pipe(pilot);
    pilot.pipe(envoy);
  };

  const target = parsePilotAddress(options.pilot);
  const server = net.createServer((socket) => {
    if (target === undefined || pairs.size >= maxConnections) socket.destroy();
    else carry(socket, target);
  });
  return {
    async listen() {
      if (target === undefined) {
        throw new TidegateError('usage', `${options.pilot} is not an address of pilot`, {
          hint: 'Give `unix:/path` or `host:port`.',
        });
      }
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(options.socket, resolve);
      }).catch((error: unknown) => {
        throw new TidegateError('address-in-use', `the relay cannot listen on ${options.socket}`, { cause: error });
      });
      server.on('error', (error) => logger.error({ err: error }, 'the relay to pilot failed'));
    },
    reset() {
      for (const { envoy } of [...pairs]) envoy.destroy();
    },
    isConnected: () => [...pairs].some((pair) => pair.connected),
    close() {
      server.close();
      for (const { envoy, pilot } of [...pairs]) {
        envoy.destroy();
        pilot.destroy();
      }
    },
  };
}
