// Golden folders: manifests in, the resources, ports and Diagnostics they come to out. UPDATE_GOLDEN=1 writes the goldens anew.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import { buildPortTable } from '../../src/pilot/model/build-port-table.ts';
import { buildProxyView } from '../../src/pilot/model/build-proxy-view.ts';
import type { ProxyClass } from '../../src/pilot/model/proxy-class.ts';
import { mergeDiagnostics } from '../../src/pilot/model/report.ts';
import { buildResources, diagnosePatches } from '../../src/pilot/patch/build-resources.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';
import type { XdsResource } from '../../src/xds/resource.ts';
import { resourceToJson } from '../../src/xds/resource-json.ts';
import { pushOrder, shortNames, typeUrls } from '../../src/xds/type-urls.ts';

/** Certificates of the goldens are valid then. */
const now = Date.parse('2026-06-01T00:00:00Z');

/** Without a proxy.yaml: the gateway as it is installed, in a cluster. */
const usualProxy: ProxyClass = {
  namespace: 'istio-system',
  labels: { istio: 'ingressgateway' },
  localNode: undefined,
};

const goldens = ['diagnostics.yaml', 'ports.yaml', 'xds.yaml'] as const;
const inputs = new Set(['manifests.yaml', 'proxy.yaml', 'requests.yaml']);

function readProxy(folder: string): ProxyClass {
  const file = join(folder, 'proxy.yaml');
  return existsSync(file) ? { ...usualProxy, ...(parse(readFileSync(file, 'utf8')) as ProxyClass) } : usualProxy;
}

const yaml = (value: unknown): string =>
  stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, keepUndefined: false });

const inOrder = (resources: readonly XdsResource[]): readonly XdsResource[] =>
  resources.toSorted((a, b) => (a.name < b.name ? -1 : 1));

function render(folder: string): Record<(typeof goldens)[number], string> {
  const snapshot = snapshotFromText({ 'manifests.yaml': readFileSync(join(folder, 'manifests.yaml'), 'utf8') });
  const proxyClass = readProxy(folder);
  const { model, diagnostics } = buildModel(undefined, snapshot, now);
  const set = buildResources(model, proxyClass);
  const xds = Object.fromEntries(
    // Few have scopes.
    pushOrder
      .filter((typeUrl) => typeUrl !== typeUrls.scopedRoute || set.get(typeUrl)?.size)
      .map((typeUrl) => [
        shortNames[typeUrl],
        inOrder([...(set.get(typeUrl)?.values() ?? [])]).map((resource) => ({
          owners: resource.owners.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`),
          references: resource.references.map((reference) => `${shortNames[reference.typeUrl]} ${reference.name}`),
          resource: resourceToJson(typeUrl, resource.bytes),
        })),
      ]),
  );
  const all = mergeDiagnostics(
    diagnostics,
    buildProxyView(model, proxyClass).diagnostics,
    diagnosePatches(model, [proxyClass]),
  );
  return {
    'diagnostics.yaml': yaml(all),
    'ports.yaml': yaml(buildPortTable(model, proxyClass)),
    'xds.yaml': yaml(xds),
  };
}

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** The part of the golden folders that issue 3 asks for by name; more are welcome. */
const required = [
  'seed',
  'host-matching',
  'gateway-host-namespace',
  'uri-match',
  'several-virtual-services-per-host',
  'weights',
  'tls-file-certificate',
  'tls-credential-name',
  'tcp-routes',
  'no-endpoints',
  'backend-protocol',
  'access-log-text',
  'access-log-json',
  'port-translation',
  'local-node-ports',
  'invalid-regex',
  'missing-references',
  'bad-secret',
];

describe('the golden folders', () => {
  it('are all there', () => {
    assert.deepEqual(
      required.filter((name) => !folders.includes(name)),
      [],
    );
  });

  it('hold no file that nothing reads', () => {
    const known = new Set<string>([...goldens, ...inputs]);
    const unused = folders.flatMap((folder) =>
      readdirSync(join(import.meta.dirname, folder))
        .filter((file) => !known.has(file))
        .map((file) => `${folder}/${file}`),
    );
    assert.deepEqual(unused, []);
  });

  it('send each request under a name of its own, and expect something of it', () => {
    for (const folder of folders) {
      const file = join(import.meta.dirname, folder, 'requests.yaml');
      if (!existsSync(file)) continue;
      const { requests } = parse(readFileSync(file, 'utf8')) as {
        requests: readonly { readonly name: string; readonly expect: object }[];
      };
      assert.ok(requests.length > 0, folder);
      assert.equal(new Set(requests.map(({ name }) => name)).size, requests.length, folder);
      for (const { name, expect } of requests) assert.ok(Object.keys(expect).length > 0, `${folder}: ${name}`);
    }
  });
});

describe('manifests become the expected resources, ports and diagnostics', () => {
  for (const name of folders)
    it(name, () => {
      const folder = join(import.meta.dirname, name);
      const rendered = render(folder);
      for (const golden of goldens) {
        const file = join(folder, golden);
        if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, rendered[golden]);
        assert.equal(rendered[golden], existsSync(file) ? readFileSync(file, 'utf8') : '', `${name}/${golden}`);
      }
    });
});
