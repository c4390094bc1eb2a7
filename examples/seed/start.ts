// `npm start`: the seed's scenario on this machine: two applications, their manifests, and Tidegate in front of them.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import type net from 'node:net';
import path from 'node:path';
import { createCounter } from './counter.ts';
import { createCertificates } from './create-certificates.ts';
import { createMysqlServer } from './mysql.ts';

const root = path.join(import.meta.dirname, '../..');
const state = path.join(root, '.tidegate/seed');
const host = 'counter.lab.example.com';

/** A free port each, so that the demo starts beside whatever runs already; the endpoints below tell Tidegate. */
function listen(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
  });
}

function endpointSlice(service: string, portName: string, port: number): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service}-demo`, namespace: 'default', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: portName, port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  };
}

function tryLines(certificates: { ca: string }): string {
  const ca = path.relative(process.cwd(), certificates.ca);
  return `
Try it:
  curl -H 'Host: ${host}' http://127.0.0.1:30000/
  curl --cacert ${ca} --resolve ${host}:30443:127.0.0.1 https://${host}:30443/
  mysql -h 127.0.0.1 -P 30306 -u demo -e 'select * from visits'

Edit examples/seed/manifests/virtual-services.yaml and ask again: the answer changes at once.
`;
}

/** Copies Tidegate's output through, and calls back once it has said that it is ready. */
function followOutput(output: NodeJS.ReadableStream, onReady: () => void): void {
  let seen = '';
  let ready = false;
  output.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    if (ready) return;
    seen = (seen + chunk.toString()).slice(-65_536);
    // The ports table follows the word; its last line ends with a newline and ends the chunk.
    if (!/^ready\b/m.test(seen)) return;
    ready = true;
    onReady();
  });
}

const certificates = await createCertificates(path.join(state, 'certs'), [host, 'localhost'], ['127.0.0.1', '::1']);
const counter = createCounter();
const mysql = createMysqlServer({
  visits: counter.visits,
  certificate: fs.readFileSync(certificates.certificate, 'utf8'),
  key: fs.readFileSync(certificates.key, 'utf8'),
});
const endpoints = [
  endpointSlice('counter', 'http', await listen(counter.server)),
  endpointSlice('mysql', 'tcp-mysql', await listen(mysql)),
];
const endpointsFile = path.join(state, 'endpoints.json');
fs.writeFileSync(endpointsFile, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: endpoints }, undefined, 2));

const tidegate = spawn(
  process.execPath,
  [
    path.join(root, 'bin/tidegate.mjs'),
    'up',
    ...['-f', path.join(import.meta.dirname, 'manifests')],
    ...['-f', endpointsFile],
    ...['--mount', `/etc/istio/ingressgateway-certs=${certificates.folder}`],
    ...process.argv.slice(2),
  ],
  { stdio: ['inherit', 'pipe', 'inherit'] },
);
followOutput(tidegate.stdout, () => process.stdout.write(tryLines(certificates)));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // A terminal's Ctrl-C reaches the child by itself; a signal to this process alone is handed on.
  process.on(signal, () => void (signal === 'SIGTERM' && tidegate.kill(signal)));
}
tidegate.on('error', (error) => {
  process.stderr.write(`tidegate: ${error.message}\n`);
  process.exit(1);
});
tidegate.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));
