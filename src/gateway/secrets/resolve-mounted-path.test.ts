// Paths of manifests against mounted folders: the longest folder wins, and no path leaves it.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { resolveMountedPath } from './resolve-mounted-path.ts';

const mounts = new Map([
  ['/etc/istio/ingressgateway-certs', '/here/certs'],
  ['/etc/istio/ingressgateway-certs/deep/', '/here/deep'],
  ['/etc/istio/ingressgateway-ca-certs', '/here/ca'],
]);

test('maps a path below a mounted folder', () => {
  assert.equal(resolveMountedPath(mounts, '/etc/istio/ingressgateway-certs/tls.crt'), '/here/certs/tls.crt');
  assert.equal(resolveMountedPath(mounts, '/etc/istio/ingressgateway-ca-certs/a/b.crt'), '/here/ca/a/b.crt');
});

test('prefers the longest folder', () => {
  assert.equal(resolveMountedPath(mounts, '/etc/istio/ingressgateway-certs/deep/x.crt'), '/here/deep/x.crt');
});

test('compares whole path segments', () => {
  assert.equal(resolveMountedPath(mounts, '/etc/istio/ingressgateway-certs2/x'), '/etc/istio/ingressgateway-certs2/x');
});

test('leaves a path without a mount as it is, as a pod would', () => {
  assert.equal(resolveMountedPath(new Map(), '/etc/ssl/x.crt'), '/etc/ssl/x.crt');
  assert.equal(resolveMountedPath(mounts, '/etc/istio/ingressgateway-certs/../secret'), '/etc/istio/secret');
});

test('never leaves the mounted folder it is matched to', () => {
  const segment = fc.constantFrom('..', '.', '', 'a', '...', 'deep');
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
      const wanted = ['/etc/istio/ingressgateway-certs', ...segments].join('/');
      const found = resolveMountedPath(mounts, wanted);
      if (path.posix.normalize(wanted).startsWith('/etc/istio/ingressgateway-certs/'))
        assert.match(found, /^\/here\/(certs|deep)/);
      else assert.doesNotMatch(found, /^\/here/);
    }),
  );
});
