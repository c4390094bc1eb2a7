// Picks ports for the gateways and backends that tests start.
import { createServer } from 'node:net';

// Below the kernel's ephemeral range: no outgoing connection takes such a port between the probe and the bind, and the
// corpus' log comparison, which masks ports of 30000 and more as volatile, can still tell the listener's own.
const lowest = 20_000;
const highest = 29_999;

const given = new Set<number>();

function probe(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port that nobody listens on, and that this process has not given out before. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if (given.has(port)) continue;
    given.add(port);
    if (await probe(port, address)) return port;
  }
  throw new Error(`no free port on ${address} between ${lowest} and ${highest}`);
}

/** One free port for each key: `portMapFor([80, 443])` → `{ 80: 23456, 443: 21098 }`. */
export async function portMapFor(gatewayPorts: Iterable<number>): Promise<Record<number, number>> {
  const map: Record<number, number> = {};
  for (const port of gatewayPorts) map[port] ??= await freePort();
  return map;
}
