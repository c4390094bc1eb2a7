// Endpoints by name, with a DNS server of the test's own: it changes its mind, fails, flaps, keeps silent, and has a thousand addresses.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { type DnsServer, startDnsServer } from './harness/dns-server.ts';
import { freePort, portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type Manifest,
  type ManifestFolder,
  mesh,
  virtualService,
} from './harness/manifests.ts';
import { requireLinux } from './harness/require-tool.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const addresses = ['127.3.92.1', '127.3.92.2', '127.3.92.3'];
const names = {
  DNS: 'strict.names.test',
  DNS_ROUND_ROBIN: 'logical.names.test',
} as const;

for (const dataPlane of dataPlaneNames)
  describe(`names on ${dataPlane}`, { skip: requireLinux() || skipDataPlane(dataPlane) }, () => {
    const servers: http.Server[] = [];
    let dns: DnsServer;
    let folder: ManifestFolder;
    let tidegate: TidegateProcess;
    let port = 0;

    before(async () => {
      const backendPort = await freePort();
      for (const address of addresses) {
        const server = http.createServer((_, response) => response.end(address));
        await new Promise<void>((resolve) => server.listen(backendPort, address, resolve));
        servers.push(server);
      }
      dns = await startDnsServer();
      for (const name of Object.values(names)) dns.set(name, { addresses: [addresses[0] ?? ''], ttlSeconds: 1 });
      const entries = Object.entries(names).map(
        ([resolution, name]): Manifest => ({
          apiVersion: 'networking.istio.io/v1',
          kind: 'ServiceEntry',
          metadata: { name: resolution.toLowerCase().replaceAll('_', '-'), namespace: 'default' },
          spec: {
            hosts: [name],
            resolution,
            ports: [{ number: 80, targetPort: backendPort, name: 'http', protocol: 'HTTP' }],
          },
        }),
      );
      folder = createManifestFolder({
        'mesh.yaml': [mesh({ dnsRefreshRate: '1s' })],
        'gateway.yaml': [gateway([httpServer()])],
        'entries.yaml': [
          ...entries,
          {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name: 'external', namespace: 'default' },
            spec: { type: 'ExternalName', externalName: names.DNS, ports: [{ name: 'http', port: 80 }] },
          },
        ],
        'routes.yaml': [
          ...Object.values(names).map((name) =>
            virtualService(name.replaceAll('.', '-'), [name], {
              http: [{ timeout: '2s', retries: { attempts: 0 }, route: [{ destination: { host: name } }] }],
            }),
          ),
          virtualService('external', ['external.test'], {
            http: [{ retries: { attempts: 0 }, route: [{ destination: { host: 'external' } }] }],
          }),
        ],
      });
      const portMap = await portMapFor([80]);
      port = portMap[80] ?? 0;
      tidegate = await startTidegate({
        manifests: [folder.path],
        dataPlane,
        portMap,
        args: ['--dns-server', dns.address],
      });
    });
    after(async () => {
      await tidegate?.stop();
      folder?.dispose();
      await dns?.stop();
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    });

    const ask = async (host: string): Promise<string> => {
      const { status, body } = await sendRequest({ port, host });
      return status === 200 ? body : `${status} ${body}`;
    };
    const answeredBy = (host: string, ...expected: readonly string[]) =>
      waitUntil(`${host} to be answered by ${expected}`, async () => {
        const seen = new Set<string>();
        for (let i = 0; i < expected.length * 4; i++) seen.add(await ask(host));
        return seen.size === expected.length && expected.every((one) => seen.has(one));
      });
    const askedAgain = async (name: string): Promise<void> => {
      const enough = dns.asked(name) + 2;
      await waitUntil(`${name} to be asked for again`, () => dns.asked(name) >= enough);
    };
    const say = (name: string, ...found: readonly string[]) => dns.set(name, { addresses: found, ttlSeconds: 1 });
    const [one = '', two = '', three = ''] = addresses;

    it('lead to the addresses that DNS gives, all of them or the first', async () => {
      await answeredBy(names.DNS, one);
      await answeredBy(names.DNS_ROUND_ROBIN, one);
      await answeredBy('external.test', one);
      say(names.DNS, one, two, three);
      await answeredBy(names.DNS, one, two, three);
    });

    it('follow DNS to other addresses', async () => {
      for (const name of Object.values(names)) say(name, two);
      await answeredBy(names.DNS, two);
      await answeredBy(names.DNS_ROUND_ROBIN, two);
      await answeredBy('external.test', two);
    });

    it('keep their addresses while DNS fails or is silent', async () => {
      for (const failure of ['failure', 'silence'] as const) {
        for (const name of Object.values(names)) dns.set(name, failure);
        await askedAgain(names.DNS);
        assert.equal(await ask(names.DNS), two, failure);
        assert.equal(await ask(names.DNS_ROUND_ROBIN), two, failure);
      }
      for (const name of Object.values(names)) say(name, one);
      await answeredBy(names.DNS, one);
      await answeredBy(names.DNS_ROUND_ROBIN, one);
    });

    it('lose them when DNS says that there is no such name, and get them back', async () => {
      dns.set(names.DNS, 'none');
      await answeredBy(names.DNS, '503 no healthy upstream');
      say(names.DNS, one);
      await answeredBy(names.DNS, one);
    });

    it('flap without a request that fails', async () => {
      for (let i = 0; i < 4; i++) {
        if (i % 2 === 0) dns.set(names.DNS, 'failure');
        else say(names.DNS, i % 4 === 1 ? two : one);
        const before = dns.asked(names.DNS);
        await waitUntil('DNS to be asked', async () => {
          assert.match(await ask(names.DNS), /^127\.3\.92\./);
          return dns.asked(names.DNS) > before;
        });
      }
      say(names.DNS, one);
      await answeredBy(names.DNS, one);
    });

    it('may have a thousand addresses, which come by TCP', async () => {
      // Nobody listens at the others: their connections are refused at once.
      const many = Array.from({ length: 1000 }, (_, i) => `127.3.${93 + (i >> 8)}.${i & 255}`);
      say(names.DNS, ...many);
      await waitUntil('all endpoints to be there', async () => {
        const answer = await ask(names.DNS);
        return answer.startsWith('503 upstream connect error');
      });
      say(names.DNS, ...many.slice(0, 50), three);
      await waitUntil('the one that answers to be found', async () => (await ask(names.DNS)) === three);
      say(names.DNS, two);
      await answeredBy(names.DNS, two);
      assert.equal(await ask(names.DNS_ROUND_ROBIN), one);
    });
  });
