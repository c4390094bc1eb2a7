// Who asked for a certificate file that cannot be used: resource, field and position.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { snapshotFromText } from '../pilot/sources/files/snapshot-from-text.ts';
import { locateCertificateFiles } from './locate-certificate-files.ts';

const snapshot = snapshotFromText({
  'gateway.yaml': `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: web, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: ["*"]
      tls:
        mode: SIMPLE
        serverCertificate: /etc/certs/tls.crt
        privateKey: /etc/certs/tls.key
`,
});
const about = (message: string): Diagnostic => ({
  severity: 'error',
  code: 'TG0012',
  message,
  remedy: 'Put it there.',
});

it('names the Gateway server and the line of a file', () => {
  const [located] = locateCertificateFiles([about('/etc/certs/tls.key does not exist.')], snapshot);
  assert.deepEqual(located?.resource, { kind: 'Gateway', namespace: 'istio-system', name: 'web' });
  assert.equal(located?.path, 'spec.servers[0].tls.privateKey');
  assert.deepEqual([located?.file, located?.line], ['gateway.yaml', 12]);
});

it('tells a server once, also where both of its files are named', () => {
  assert.equal(
    locateCertificateFiles([about('/etc/certs/tls.key does not fit /etc/certs/tls.crt.')], snapshot).length,
    1,
  );
});

it('leaves files that nobody names, and other problems, as they are', () => {
  const others: readonly Diagnostic[] = [
    about('/etc/certs/tls.crt.bak does not exist.'),
    { ...about('/etc/certs/tls.crt'), code: 'TG0019' },
  ];
  assert.deepEqual(locateCertificateFiles(others, snapshot), others);
});
