// Ports that cannot be had: taken by somebody else, or privileged. Each costs only itself and is named.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Backend, startHttpBackend } from './harness/backend.ts';
import { dataPlaneNames, envoyBinary, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type ManifestFolder,
  routeTo,
  service,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const host = 'app.example.com';
const isRoot = process.getuid?.() === 0;
const repository = path.resolve(import.meta.dirname, '../..');

/** May users who are not its owner read what is in there? A clone under /root keeps them out. */
function isOpenToAll(folder: string): boolean {
  if ((statSync(folder).mode & 0o005) !== 0o005) return false;
  return path.dirname(folder) === folder || isOpenToAll(path.dirname(folder));
}

// `nobody`: the ring runs as root in containers, and root may bind any port.
const canDropRoot = isRoot && isOpenToAll(repository);
const ordinaryUser = canDropRoot ? { uid: 65534, gid: 65534 } : {};

/** Envoy where an ordinary user can run it: root's cache is closed to others. */
function openEnvoy(): { readonly env: Readonly<Record<string, string>>; dispose(): void } {
  const binary = envoyBinary();
  if (!canDropRoot || binary === undefined) return { env: {}, dispose: () => undefined };
  const folder = mkdtempSync(path.join(tmpdir(), 'tidegate-envoy-open-'));
  chmodSync(folder, 0o755);
  const copy = path.join(folder, 'envoy');
  copyFileSync(binary, copy);
  chmodSync(copy, 0o755);
  return { env: { TIDEGATE_ENVOY: copy }, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The first port that ordinary users may bind; Linux lets the administrator lower it. */
function firstUnprivilegedPort(): number {
  if (process.platform !== 'linux') return 1024;
  return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
}

for (const dataPlane of dataPlaneNames)
  describe(`ports on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let backend: Backend;
    let folder: ManifestFolder;
    let tidegate: TidegateProcess | undefined;
    let envoy: ReturnType<typeof openEnvoy> | undefined;

    before(async () => {
      envoy = dataPlane === 'envoy' ? openEnvoy() : undefined;
      backend = await startHttpBackend('web');
      folder = createManifestFolder({
        'all.yaml': [gateway([httpServer(80), httpServer(8080)]), ...service('web', [backend]), routeTo(host, 'web')],
      });
    });
    after(async () => {
      await tidegate?.stop();
      folder?.dispose();
      envoy?.dispose();
      await backend?.stop();
    });

    /** Starts with the second port good and the first one not; expects it to be named, and the other one to serve. */
    const expectFailure = async (badPort: number, goodPort: number, code: string): Promise<void> => {
      tidegate = await startTidegate({
        manifests: [folder.path],
        dataPlane,
        portMap: { 80: badPort, 8080: goodPort },
        ...ordinaryUser,
        ...(envoy ? { env: envoy.env } : {}),
      });
      assert.equal((await sendRequest({ port: goodPort, host })).status, 200);
      const running = tidegate;
      const diagnostic = await waitUntil(`the diagnostic ${code}`, async () =>
        (await running.diagnostics()).find((entry) => entry.code === code),
      );
      assert.match(diagnostic.message, new RegExp(`\\b${badPort}\\b`));
      assert.match(running.stderr(), new RegExp(`${code}.*\\b${badPort}\\b`));
      // Said once: the proxy's own rejection is the same thing in other words.
      assert.deepEqual(
        (await running.diagnostics()).filter((entry) => entry.code === 'TG0021'),
        [],
      );
      const { stdout } = await running.command('ports');
      assert.match(stdout.split('\n').find((line) => line.includes(String(badPort))) ?? stdout, /failed/i);
      assert.match(stdout.split('\n').find((line) => line.includes(String(goodPort))) ?? stdout, new RegExp(dataPlane));
    };

    it('names a port that is in use, and serves the others', async () => {
      const ports = await portMapFor([80, 8080]);
      const owner = net.createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => owner.listen(ports[80]!, '127.0.0.1', resolve));
      try {
        await expectFailure(ports[80]!, ports[8080]!, 'TG0019');
      } finally {
        await tidegate?.stop();
        await new Promise((resolve) => owner.close(resolve));
      }
    });

    it('names a port that another tidegate has', async () => {
      const ports = await portMapFor([80, 8080]);
      const others = await portMapFor([80, 8080]);
      const first = await startTidegate({ manifests: [folder.path], dataPlane, portMap: ports });
      try {
        await expectFailure(ports[80]!, others[8080]!, 'TG0019');
        assert.equal((await sendRequest({ port: ports[80]!, host })).status, 200);
      } finally {
        await tidegate?.stop();
        await first.stop();
      }
    });

    const privileged = firstUnprivilegedPort() - 1;
    const skip =
      privileged < 1
        ? 'this machine lets every user bind every port'
        : isRoot && !canDropRoot && 'only root can read this clone, and root may bind every port';
    it('names a port that an ordinary user may not bind, and serves the others', { skip }, async () => {
      const ports = await portMapFor([8080]);
      try {
        await expectFailure(privileged, ports[8080]!, 'TG0020');
      } finally {
        await tidegate?.stop();
      }
    });
  });
