// Asks the kernel whether an address is free. Workers share ports, and a shared port would hide a second owner.
import net from 'node:net';

export type Probe =
  | { readonly kind: 'free' }
  | { readonly kind: 'taken'; readonly code: string; readonly message: string };

export function probePort(address: string, port: number): Promise<Probe> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ kind: 'taken', code: error.code ?? '', message: error.message }),
    );
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve({ kind: 'free' })));
  });
}
