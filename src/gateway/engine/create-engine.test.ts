// The embedded engine as a whole: configuration in, requests through its listeners, changes without a failed request.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  cluster,
  engineConfig,
  filterChain,
  forwardRoute,
  get,
  httpBackend,
  httpManager,
  listener,
  routeTable,
  runEngine,
} from './engine-fixture.ts';

describe('createEngine', () => {
  it('forwards a request through listener, route and cluster to an endpoint', async () => {
    const backend = await httpBackend((request, response) => {
      response.setHeader('x-seen', JSON.stringify(request.rawHeaders));
      response.end(`hello ${request.url}`);
    });
    const running = await runEngine(
      engineConfig({
        listeners: [listener([filterChain(httpManager())])],
        routes: [routeTable([forwardRoute('/', 'echo', { decoratorOperation: 'echo:80/*' })])],
        clusters: [cluster('echo', [backend.port])],
      }),
    );
    try {
      const answer = await get(running.port(), '/a?b=c', { headers: { Host: 'a.example.com', 'X-Mixed': 'Case' } });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'hello /a?b=c');
      assert.equal(answer.headers.server, 'istio-envoy');
      const seen = JSON.parse(String(answer.headers['x-seen']));
      assert.deepEqual(seen.slice(0, 4), ['host', 'a.example.com', 'x-mixed', 'Case']);
      assert.deepEqual(seen.slice(-4), ['x-envoy-decorator-operation', 'echo:80/*', 'x-envoy-attempt-count', '1']);
    } finally {
      await running.stop();
      await backend.stop();
    }
  });
});
