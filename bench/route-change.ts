// From a file's change to the changed answer: a VirtualService is replaced, and requests are sent until they are answered anew.
// `node bench/route-change.ts [--changes 40] [--hosts 1,100,1000] [--route-modes shared,scoped]`
import http from 'node:http';
import { parseArgs } from 'node:util';
import { type Backend, startHttpBackend } from '../test/e2e/harness/backend.ts';
import { type DataPlaneName, dataPlaneNames, skipDataPlane } from '../test/e2e/harness/data-planes.ts';
import { freePort } from '../test/e2e/harness/free-ports.ts';
import { createManifestFolder, gateway, httpServer, routeTo, service } from '../test/e2e/harness/manifests.ts';
import { sendRequest } from '../test/e2e/harness/send-request.ts';
import { startTidegate } from '../test/e2e/harness/tidegate-process.ts';
import { formatTable, quantile } from './measure.ts';

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '40' },
    hosts: { type: 'string', default: '1,100,1000' },
    'route-modes': { type: 'string', default: 'shared,scoped' },
  },
});
const changes = Number(values.changes);
const host = 'measured.example.com';
const giveUpMs = 10_000;

interface Applications {
  readonly a: Backend;
  readonly b: Backend;
}

/** Milliseconds of each change. Throws when an answer does not come. */
async function measure(
  dataPlane: DataPlaneName,
  routeMode: string,
  hosts: number,
  { a, b }: Applications,
): Promise<number[]> {
  const others = Array.from({ length: hosts - 1 }, (_, index) => routeTo(`other-${index}.example.com`, 'a'));
  const folder = createManifestFolder({
    'gateway.yaml': [gateway([httpServer()]), ...service('a', [a]), ...service('b', [b])],
    'others.yaml': others.length > 0 ? others : '# none\n',
    'measured.yaml': [routeTo(host, 'a')],
  });
  const port = await freePort();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const tidegate = await startTidegate({
    manifests: [folder.path],
    dataPlane,
    portMap: { 80: port },
    args: ['--workers', '1', '--route-mode', routeMode],
    readyTimeoutMs: 120_000,
  });
  try {
    const answeredBy = async (): Promise<string> => (await sendRequest({ port, host, agent })).body.split(' ')[0] ?? '';
    const times: number[] = [];
    // The first changes warm up the code and are not counted.
    for (let change = -4; change < changes; change++) {
      const target = change % 2 === 0 ? 'b' : 'a';
      folder.replace('measured.yaml', [routeTo(host, target)]);
      const start = performance.now();
      while ((await answeredBy()) !== target)
        if (performance.now() - start > giveUpMs) throw new Error(`no changed answer within ${giveUpMs} ms`);
      if (change >= 0) times.push(performance.now() - start);
    }
    return times;
  } finally {
    agent.destroy();
    await tidegate.stop();
    folder.dispose();
  }
}

const applications = { a: await startHttpBackend('a'), b: await startHttpBackend('b') };
try {
  const rows: (readonly string[])[] = [];
  for (const hosts of values.hosts.split(',').map(Number))
    for (const dataPlane of dataPlaneNames) {
      const skip = skipDataPlane(dataPlane);
      if (skip !== false) {
        console.log(`${dataPlane} is left out: ${skip}`);
        continue;
      }
      for (const routeMode of values['route-modes'].split(',')) {
        const times = await measure(dataPlane, routeMode, hosts, applications);
        const cells = [0.5, 0.95, 1].map((fraction) => quantile(times, fraction).toFixed(1));
        rows.push([String(hosts), dataPlane, routeMode, ...cells]);
      }
    }
  console.log(
    `${changes} changes each, one VirtualService replaced by rename, milliseconds until the answer has changed.\n`,
  );
  console.log(formatTable(['hosts', 'data plane', 'routes', 'p50', 'p95', 'max'], rows));
} finally {
  await Promise.all(Object.values(applications).map((backend) => backend.stop()));
}
