// The same traffic through both data planes: the same names count the same, and people and Prometheus read them the same way.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { skipDataPlane } from './harness/data-planes.ts';
import { freePort } from './harness/free-ports.ts';
import { createManifestFolder, gateway, httpServer } from './harness/manifests.ts';
import { startTidegate } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';
import {
  readPrometheus,
  readStatistics,
  type Scene,
  type Statistics,
  sendAll,
  startScene,
} from './statistics.fixture.ts';

/** One for each decision that somebody asks statistics about; from what `sendAll` sends. */
const expected: Readonly<Record<string, number>> = {
  'http.outbound_0.0.0.0_80;.downstream_rq_total': 40,
  'http.outbound_0.0.0.0_80;.downstream_rq_active': 0,
  'http.outbound_0.0.0.0_80;.downstream_rq_2xx': 14,
  'http.outbound_0.0.0.0_80;.downstream_rq_3xx': 1,
  'http.outbound_0.0.0.0_80;.downstream_rq_4xx': 8,
  'http.outbound_0.0.0.0_80;.downstream_rq_5xx': 17,
  'http.outbound_0.0.0.0_80;.downstream_rq_http2_total': 1,
  'http.outbound_0.0.0.0_80;.downstream_cx_total': 40,
  'http.outbound_0.0.0.0_80;.downstream_cx_protocol_error': 2,
  'http.outbound_0.0.0.0_80;.no_route': 1,
  'http.outbound_0.0.0.0_80;.no_cluster': 1,
  'http.outbound_0.0.0.0_80;.rq_direct_response': 2,
  'http.outbound_0.0.0.0_80;.rbac.denied': 1,
  'http.outbound_0.0.0.0_80;.rbac.istio_dry_run_deny_.shadow_denied': 1,
  'http.outbound_0.0.0.0_80;.jwt_authn.denied': 1,
  'http.outbound_0.0.0.0_80;.jwt_authn.cors_preflight_bypassed': 1,
  'http.outbound_0.0.0.0_80;.cors.origin_valid': 1,
  'http.outbound_0.0.0.0_80;.cors.origin_invalid': 1,
  'http.outbound_0.0.0.0_80;.fault.aborts_injected': 1,
  'http_local_rate_limiter.http_local_rate_limit.ok': 2,
  'http_local_rate_limiter.http_local_rate_limit.rate_limited': 1,
  'http_local_rate_limiter.http_local_rate_limit.enforced': 1,
  'http.outbound_0.0.0.0_443;.downstream_cx_ssl_total': 2,
  'listener.127.0.0.1_[443].ssl.handshake': 1,
  'listener.127.0.0.1_[443].ssl.connection_error': 1,
  'listener.127.0.0.1_[443].ssl.versions.TLSv1.3': 1,
  'listener.127.0.0.1_[443].no_filter_chain_match': 1,
  'listener.127.0.0.1_[80].downstream_cx_total': 40,
  'listener.127.0.0.1_[80].http.outbound_0.0.0.0_80;.downstream_rq_5xx': 17,
  'tcp.outbound|9000||echo.default.svc.cluster.local.downstream_cx_total': 1,
  'tcp.outbound|9000||echo.default.svc.cluster.local.downstream_cx_rx_bytes_total': 5,
  'tcp.rbac.allowed': 1,
  'cluster.outbound|9000||echo.default.svc.cluster.local;.upstream_cx_tx_bytes_total': 5,
  ...ofCluster('web', {
    upstream_rq_total: 17,
    upstream_rq_200: 8,
    upstream_rq_4xx: 1,
    'external.upstream_rq_504': 2,
    'retry.upstream_rq_503': 1,
    upstream_rq_timeout: 1,
    upstream_rq_per_try_timeout: 2,
    upstream_rq_retry: 3,
    upstream_rq_retry_success: 1,
    upstream_rq_retry_limit_exceeded: 2,
    upstream_cx_destroy_remote_with_active_rq: 1,
    membership_healthy: 1,
  }),
  ...ofCluster('trusted', { 'ssl.handshake': 1, 'ssl.versions.TLSv1.3': 1 }),
  ...ofCluster('misnamed', { 'ssl.fail_verify_san': 1 }),
  ...ofCluster('untrusted', { 'ssl.fail_verify_error': 1 }),
  ...ofCluster('plain', { 'ssl.connection_error': 1, upstream_cx_connect_fail: 1 }),
  'vhost.app.example.com:80.route.unsteady.upstream_rq_total': 2,
  'vhost.app.example.com:80.route.unsteady.upstream_rq_retry_success': 1,
  'vhost.app.example.com:80.route.unsteady.upstream_rq_200': 1,
  ...ofCluster('down', { upstream_cx_connect_fail: 2, upstream_rq_pending_failure_eject: 2, upstream_rq_503: 1 }),
  ...ofCluster('nobody', { upstream_cx_none_healthy: 1, membership_total: 0 }),
  ...ofCluster('narrow', {
    upstream_cx_overflow: 1,
    upstream_rq_pending_total: 2,
    upstream_rq_pending_overflow: 1,
    'circuit_breakers.default.cx_open': 1,
  }),
  ...ofCluster('few', { upstream_rq_active_overflow: 1 }),
  ...ofCluster('bad', {
    upstream_rq_503: 2,
    membership_healthy: 0,
    'outlier_detection.ejections_active': 1,
    'outlier_detection.ejections_detected_consecutive_5xx': 1,
    'outlier_detection.ejections_enforced_consecutive_5xx': 1,
    'outlier_detection.ejections_enforced_total': 1,
  }),
  ...ofCluster('second', {
    upstream_cx_http2_total: 1,
    upstream_rq_rx_reset: 1,
    upstream_rq_tx_reset: 1,
    upstream_rq_timeout: 1,
  }),
};

function ofCluster(service: string, numbers: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const prefix = `cluster.outbound|80||${service}.default.svc.cluster.local;.`;
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [prefix + name, value]));
}

/** What two gateways cannot have alike, and why. */
const notCompared: readonly RegExp[] = [
  // Answers say how long they took; HTTP/2 compresses headers in more than one way.
  /^http\..*\.downstream_cx_tx_bytes_total$/,
  /^cluster\..*\|second\..*\.upstream_cx_[rt]x_bytes_total$/,
  // Who hangs up first when both are done.
  /^http\..*\.downstream_cx_destroy_(?:local|remote)$/,
  // Envoy has two clusters more, of its own; updates come in as many pieces as there were changes in between.
  /^cluster_manager\.(?:active_clusters|cluster_added)$/,
  /update_success$/,
  /^server\./,
];

/** What Envoy counts beside: docs/statistics.md says so. */
const notCounted: readonly RegExp[] = [
  /^cluster\.(?:xds|sds)-grpc\./,
  /^(?:http\.admin|listener\.admin|http\.async-client)\./,
  /^(?:runtime|server)\./,
  /\.(?:default\.total_match_count|max_host_weight|update_\w+|version\w*|config_reload\w*)$/,
  /\.http[12]\./,
  /_bytes_buffered$/,
  /\.worker_\d+\./,
  /\.tracing\./,
  /\.ssl\.(?:certificate\..*|curves\..*|sigalgs\..*)$/,
  /\.(?:server|client)_ssl_socket_factory\./,
  /\.downstream_cx_delayed_close_timeout$/,
  /\.jwt_authn\.jwt_cache_(?:hit|miss)$/,
  /^cluster_manager\.(?:cds\.|cluster_updated|update_)/,
  /^listener_manager\.(?:lds\.|listener_create_success|workers_started)/,
  /^control_plane\.identifier$/,
];

const matches = (name: string, patterns: readonly RegExp[]): boolean => patterns.some((pattern) => pattern.test(name));

describe('statistics', { skip: skipDataPlane('envoy') }, () => {
  const planes = ['envoy', 'embedded'] as const;
  const scenes = new Map<string, Scene>();
  const statuses = new Map<string, readonly number[]>();
  const counted = new Map<string, Statistics>();

  /** Envoy lets a client that broke the protocol read its answer before it closes. */
  const settled = async (scene: Scene): Promise<Statistics> => {
    let statistics: Statistics = new Map();
    await waitUntil('connections to be over', async () => {
      statistics = await readStatistics(scene);
      return [...statistics].every(
        ([name, value]) => !/^http\.outbound.*downstream_cx_active$/.test(name) || value === 0,
      );
    });
    return statistics;
  };

  before(async () => {
    // One after the other, and one thread each: connections to endpoints are the thread's own.
    for (const plane of planes) {
      const scene = await startScene(plane, ['--workers', '1']);
      scenes.set(plane, scene);
      statuses.set(plane, await sendAll(scene));
      counted.set(plane, await settled(scene));
    }
  });
  after(async () => {
    for (const scene of scenes.values()) await scene.stop();
  });

  const of = (plane: (typeof planes)[number]): Statistics => counted.get(plane) ?? new Map();

  it('stand for the same answers', () => {
    assert.deepEqual(statuses.get('embedded'), statuses.get('envoy'));
  });

  for (const plane of planes)
    it(`count what was sent through ${plane}`, () => {
      const found = Object.keys(expected).map((name) => [name, of(plane).get(name) ?? 0]);
      assert.deepEqual(Object.fromEntries(found), expected);
    });

  it('are the same numbers under the same names', () => {
    const names = [...of('embedded').keys()].filter((name) => !matches(name, notCompared));
    assert.ok(names.length > 400);
    const inEnvoy = names.map((name) => [name, of('envoy').get(name) ?? 0]);
    const inEngine = names.map((name) => [name, of('embedded').get(name)]);
    assert.deepEqual(Object.fromEntries(inEngine), Object.fromEntries(inEnvoy));
  });

  it('lack nothing that Envoy counts but what is listed', () => {
    const lacking = [...of('envoy')]
      .filter(([name, value]) => Number(value) !== 0 && !of('embedded').has(name) && !matches(name, notCounted))
      .map(([name]) => name);
    assert.deepEqual(lacking, []);
  });

  it('are scraped under the same names with the same tags', async () => {
    const [envoy, embedded] = await Promise.all(planes.map((plane) => readPrometheus(scenes.get(plane)!)));
    const isCompared = (line: string): boolean =>
      /^envoy_(?:cluster_upstream_rq|http_downstream_rq|http_rbac|tcp|vhost|cluster_ssl|cluster_circuit|cluster_outlier|listener_ssl)/.test(
        line,
      ) &&
      !/_sum\{|_bucket\{|(?:curves|sigalgs|certificate)|xds-grpc|sds-grpc|admin/.test(line) &&
      // Of Envoy's gateway only what is not zero: the engine leaves out what it does not count.
      !/ 0$/.test(line);
    const lines = (embedded ?? []).filter(isCompared);
    assert.ok(
      lines.some((line) => line.startsWith('envoy_cluster_upstream_rq_time_count{cluster_name="outbound|80||web')),
    );
    assert.ok(
      lines.includes('envoy_http_rbac{authz_enforce_result="denied",http_conn_manager_prefix="outbound_0.0.0.0_80"} 1'),
    );
    assert.deepEqual(
      lines.filter((line) => !envoy?.includes(line)),
      [],
    );
  });

  for (const plane of planes)
    it(`of ${plane} are found by a filter, and a question that makes no sense is refused`, async () => {
      const get = async (path: string) => {
        const response = await fetch(`http://${scenes.get(plane)!.tidegate.admin}${path}`);
        return { status: response.status, body: await response.text() };
      };
      const filter = encodeURIComponent('^http\\.outbound_0.*_80;\\.no_(route|cluster)$');
      const found = await get(`/stats?filter=${filter}`);
      assert.deepEqual(found, {
        status: 200,
        body: 'http.outbound_0.0.0.0_80;.no_cluster: 1\nhttp.outbound_0.0.0.0_80;.no_route: 1\n',
      });
      const used = await get('/stats?usedonly&filter=tcp.rbac.allowed');
      assert.equal(used.body, 'tcp.rbac.allowed: 1\n');
      const bad = ['filter=(', `filter=${'a'.repeat(2000)}`, 'filter=((a{100}){100}){100}', 'format=html', 'type=x'];
      for (const query of bad) assert.equal((await get(`/stats?${query}`)).status, 400, query);
      assert.equal((await get('/stats/prometheus?filter=[')).status, 400);
    });
});

describe('the statistics of several threads', () => {
  it('are added up', async () => {
    const scene = await startScene('embedded', ['--workers', '2']);
    try {
      await sendAll(scene);
      const statistics = await readStatistics(scene);
      const same = ['http.outbound_0.0.0.0_80;.', 'listener.127.0.0.1_[80].', 'cluster.outbound|80||web.'];
      // Connections to endpoints are each thread's own, and so is what is refused for want of them.
      const shared = Object.entries(expected).filter(
        ([name]) =>
          same.some((prefix) => name.startsWith(prefix)) && !/active|_cx_destroy|downstream_rq_[25]xx/.test(name),
      );
      assert.ok(shared.length > 20);
      assert.deepEqual(
        Object.fromEntries(shared.map(([name]) => [name, statistics.get(name) ?? 0])),
        Object.fromEntries(shared),
      );
      assert.equal(statistics.get('server.concurrency'), 2);
    } finally {
      await scene.stop();
    }
  });
});

describe('the port that is scraped', () => {
  it('is a problem of its own where it is taken, and is served once it is free', async () => {
    const port = await freePort();
    const owner = net.createServer().listen(port, '127.0.0.1');
    const folder = createManifestFolder({ 'all.yaml': [gateway([httpServer()])] });
    const options = { manifests: [folder.path], dataPlane: 'embedded', portMap: { 80: await freePort() } } as const;
    const tidegate = await startTidegate({ ...options, args: ['--metrics', `127.0.0.1:${port}`] });
    try {
      const codes = async () => (await tidegate.diagnostics()).map(({ code }) => code);
      assert.ok((await codes()).includes('TG0040'));
      await new Promise((resolve) => owner.close(resolve));
      await waitUntil('the port to be served', async () => !(await codes()).includes('TG0040'));
      const scraped = await fetch(`http://127.0.0.1:${port}/stats/prometheus`);
      assert.equal(scraped.status, 200);
      assert.match(await scraped.text(), /^# TYPE tidegate_uptime_seconds gauge\n[\s\S]*envoy_server_live\{\} 1\n/);
      assert.equal((await fetch(`http://127.0.0.1:${port}/debug/config_dump`)).status, 404);
    } finally {
      owner.close();
      await tidegate.stop();
      folder.dispose();
    }
  });
});
