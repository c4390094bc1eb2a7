// EnvoyFilters beyond what both data planes serve: filters that only Envoy has, what the embedded engine says of them, and a patch that Envoy refuses.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Diagnostic } from '../../src/lib/diagnostic.ts';
import { type Backend, startHttpBackend } from './harness/backend.ts';
import { type DataPlaneName, skipDataPlane } from './harness/data-planes.ts';
import { freePort, portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type Manifest,
  type ManifestFolder,
  routeTo,
  service,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const type = (name: string): string => `type.googleapis.com/envoy.extensions.filters.${name}`;

interface Patch {
  readonly applyTo: string;
  readonly match?: Manifest;
  readonly patch: Manifest;
}

const envoyFilter = (name: string, configPatches: readonly Patch[]): Manifest => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name, namespace: 'istio-system' },
  spec: { configPatches },
});

const manager = { name: 'envoy.filters.network.http_connection_manager' };

/** Before all others. */
const httpFilter = (value: Manifest): Patch => ({
  applyTo: 'HTTP_FILTER',
  match: { context: 'GATEWAY', listener: { filterChain: { filter: manager } } },
  patch: { operation: 'INSERT_FIRST', value },
});

const lua = (code: string): Manifest => ({
  name: 'envoy.filters.http.lua',
  typed_config: { '@type': type('http.lua.v3.Lua'), default_source_code: { inline_string: code } },
});
const addHeader = lua('function envoy_on_response(handle) handle:headers():add("x-lua", "was here") end');
const mutation: Manifest = {
  name: 'mutation',
  typed_config: {
    '@type': type('http.header_mutation.v3.HeaderMutation'),
    mutations: { response_mutations: [{ append: { header: { key: 'x-mutated', value: 'yes' } } }] },
  },
};

const listener = (port: number): Patch => ({
  applyTo: 'LISTENER',
  match: { context: 'GATEWAY', proxy: { metadata: { CLUSTER_ID: 'west' } } },
  patch: {
    operation: 'ADD',
    value: {
      name: 'own',
      address: { socket_address: { address: '127.0.0.1', port_value: port } },
      filter_chains: [
        {
          filters: [
            {
              ...manager,
              typed_config: {
                '@type': type('network.http_connection_manager.v3.HttpConnectionManager'),
                stat_prefix: 'own',
                route_config: {
                  name: 'own',
                  virtual_hosts: [
                    {
                      name: 'own',
                      domains: ['*'],
                      routes: [{ match: { prefix: '/' }, direct_response: { status: 418 } }],
                    },
                  ],
                },
                http_filters: [{ name: 'router', typed_config: { '@type': type('http.router.v3.Router') } }],
              },
            },
          ],
        },
      ],
    },
  },
});

interface Running {
  readonly folder: ManifestFolder;
  readonly tidegate: TidegateProcess;
  readonly port: number;
}

const host = 'a.example.com';

for (const dataPlane of ['embedded', 'envoy'] as const satisfies readonly DataPlaneName[])
  describe(`EnvoyFilters on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let backend: Backend;
    let running: Running;

    before(async () => {
      backend = await startHttpBackend('web');
      const folder = createManifestFolder({
        'all.yaml': [gateway([httpServer()]), ...service('web', [backend]), routeTo(host, 'web')],
      });
      const portMap = await portMapFor([80]);
      const tidegate = await startTidegate({
        manifests: [folder.path],
        dataPlane,
        portMap,
        args: ['--metadata', 'CLUSTER_ID=west,NAME=not-mine'],
      });
      running = { folder, tidegate, port: portMap[80]! };
    });
    after(async () => {
      await running?.tidegate.stop();
      running?.folder.dispose();
      await backend?.stop();
    });

    const post = (body: string) => sendRequest({ port: running.port, host, method: 'POST', body });
    const found = (what: string, wanted: (one: Diagnostic) => boolean): Promise<Diagnostic> =>
      waitUntil(what, async () => (await running.tidegate.diagnostics()).find(wanted) ?? false);

    it('serve a listener of their own', async () => {
      const port = await freePort();
      running.folder.replace('patches.yaml', [envoyFilter('listener', [listener(port)])]);
      await waitUntil('the listener', async () => {
        const answer = await sendRequest({ port, host }).catch(() => undefined);
        return answer?.status === 418;
      });
    });

    it('have filters that Envoy knows; the embedded engine names those that it does not', async () => {
      running.folder.replace('patches.yaml', [envoyFilter('mutation', [httpFilter(mutation)])]);
      if (dataPlane === 'envoy')
        await waitUntil('the header', async () => (await post('ok')).headers['x-mutated'] === 'yes');
      else {
        const { message } = await found('the warning', (one) => one.message.includes('header_mutation'));
        assert.match(message, /HTTP filter 'mutation' \(envoy\.extensions\.filters\.http\.header_mutation\./);
      }
      assert.equal((await post('ok')).status, 200);
      const { code, stdout } = await running.tidegate.command('proxy-status', 'istio-ingressgateway');
      assert.equal(code, 0, stdout);
      assert.match(stdout, /^Listeners Match$/m);
    });

    it('are named where a data plane refuses what they make; what was there is served on', async () => {
      // To the engine every script may be one that keeps requests out; Envoy refuses one that is no Lua.
      const script = dataPlane === 'envoy' ? lua('function envoy_on_response(') : addHeader;
      running.folder.replace('patches.yaml', [envoyFilter('script', [httpFilter(script)])]);
      const refused = await found('the rejection', (one) => one.code === 'TG0021' && one.resource?.name === 'script');
      assert.equal(refused.resource?.kind, 'EnvoyFilter');
      assert.equal((await post('ok')).status, 200);
    });

    it('limit requests by virtual host', async () => {
      const limit = (value: Manifest): Manifest => ({
        '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
        type_url: type('http.local_ratelimit.v3.LocalRateLimit'),
        value: { stat_prefix: 'limit', ...value },
      });
      const always = { runtime_key: 'always', default_value: { numerator: 100 } };
      const name = 'envoy.filters.http.local_ratelimit';
      const bucket = { max_tokens: 2, tokens_per_fill: 2, fill_interval: '3600s' };
      const forHost: Patch = {
        applyTo: 'VIRTUAL_HOST',
        match: { context: 'GATEWAY', routeConfiguration: { vhost: { name: `${host}:80` } } },
        patch: {
          operation: 'MERGE',
          value: {
            typed_per_filter_config: {
              [name]: limit({ token_bucket: bucket, filter_enabled: always, filter_enforced: always }),
            },
          },
        },
      };
      const filter = httpFilter({ name, typed_config: limit({}) });
      running.folder.replace('patches.yaml', [envoyFilter('limit', [filter, forHost])]);
      await waitUntil('the limit', async () => (await post('ok')).status === 429);
    });

    // The embedded engine has no Lua.
    if (dataPlane === 'envoy')
      it('may give filters their configuration by name', async () => {
        const discovered = {
          name: 'by-name',
          config_discovery: {
            config_source: { ads: {}, resource_api_version: 'V3' },
            type_urls: [type('http.lua.v3.Lua')],
          },
        };
        const given: Patch = {
          applyTo: 'EXTENSION_CONFIG',
          patch: { operation: 'ADD', value: { ...addHeader, name: 'by-name' } },
        };
        running.folder.replace('patches.yaml', [envoyFilter('script', [httpFilter(discovered), given])]);
        await waitUntil('the header', async () => (await post('ok')).headers['x-lua'] === 'was here');
        assert.deepEqual(
          (await running.tidegate.diagnostics()).filter(({ resource }) => resource?.kind === 'EnvoyFilter'),
          [],
        );
      });
  });
