// How statistics are told: selected, as text, as JSON, and as Prometheus reads them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseStatisticsQuery } from '../../statistics/parse-statistics-query.ts';
import { createHistogram } from './create-histogram.ts';
import { extractTags } from './extract-tags.ts';
import { formatPrometheus } from './format-prometheus.ts';
import { showStatistics } from './show-statistics.ts';
import { mergeSnapshots, type StatisticsSnapshot } from './snapshot.ts';

const histogram = createHistogram();
for (const value of [3, 30, 300]) histogram.record(value);

const web = 'cluster.outbound|80||web.default.svc.cluster.local;.';
const snapshot: StatisticsSnapshot = {
  counters: [
    [`${web}upstream_rq_503`, 2],
    [`${web}upstream_rq_5xx`, 2],
    ['http.outbound_0.0.0.0_80;.no_route', 0],
  ],
  gauges: [[`${web}membership_total`, 1]],
  histograms: [[`${web}upstream_rq_time`, histogram.snapshot()]],
};

async function show(query: string, format?: 'prometheus'): Promise<string> {
  const parsed = parseStatisticsQuery(new URLSearchParams(query), format);
  assert.equal(parsed.kind, 'query');
  return parsed.kind === 'query' ? (await showStatistics(snapshot, parsed.query)).body : '';
}

describe('statistics are told', () => {
  it('as text, numbers before times, each sorted', async () => {
    assert.equal(
      await show(''),
      [
        `${web}membership_total: 1`,
        `${web}upstream_rq_503: 2`,
        `${web}upstream_rq_5xx: 2`,
        'http.outbound_0.0.0.0_80;.no_route: 0',
        `${web}upstream_rq_time: P0(nan,3) P25(nan,3.075) P50(nan,30.5) P75(nan,302.5) P90(nan,307) P95(nan,308.5) P99(nan,309.7) P99.5(nan,309.85) P99.9(nan,309.97) P100(nan,310)`,
        '',
      ].join('\n'),
    );
  });

  it('as asked: by name, by type, or only what was counted', async () => {
    assert.equal(await show('filter=no_route'), 'http.outbound_0.0.0.0_80;.no_route: 0\n');
    assert.equal(await show('filter=no_route&usedonly'), '');
    assert.equal(await show('type=Gauges'), `${web}membership_total: 1\n`);
    assert.deepEqual(JSON.parse(await show('format=json&filter=membership')), {
      stats: [{ name: `${web}membership_total`, value: 1 }],
    });
    const [, times] = JSON.parse(await show('format=json&filter=_time$|no_route')).stats;
    assert.equal(times.histograms.computed_quantiles[0].values[2].cumulative, 30.5);
  });

  it('to Prometheus with their tags, all of a name together', async () => {
    const lines = (await show('', 'prometheus')).split('\n');
    const cluster = 'cluster_name="outbound|80||web.default.svc.cluster.local"';
    assert.deepEqual(
      lines.filter((line) => !line.includes('_bucket')),
      [
        '# TYPE envoy_cluster_upstream_rq counter',
        `envoy_cluster_upstream_rq{${cluster},response_code="503"} 2`,
        `envoy_cluster_upstream_rq{${cluster},response_code_class="5xx"} 2`,
        '# TYPE envoy_http_no_route counter',
        'envoy_http_no_route{http_conn_manager_prefix="outbound_0.0.0.0_80"} 0',
        '# TYPE envoy_cluster_membership_total gauge',
        `envoy_cluster_membership_total{${cluster}} 1`,
        '# TYPE envoy_cluster_upstream_rq_time histogram',
        `envoy_cluster_upstream_rq_time_sum{${cluster}} 333`,
        `envoy_cluster_upstream_rq_time_count{${cluster}} 3`,
        '',
      ],
    );
    assert.ok(lines.includes(`envoy_cluster_upstream_rq_time_bucket{${cluster},le="50"} 2`));
    assert.ok(lines.includes(`envoy_cluster_upstream_rq_time_bucket{${cluster},le="+Inf"} 3`));
  });

  it('to Prometheus in lines that it can read, whatever clusters are called', async () => {
    const line = /^envoy_[a-zA-Z0-9_]*\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\} \d+$/;
    await fc.assert(
      fc.asyncProperty(fc.string(), async (name) => {
        const text = await formatPrometheus({
          counters: [[`cluster.${name};.upstream_rq_total`, 1]],
          gauges: [],
          histograms: [],
        });
        const [, sample = '', ...rest] = text.split('\n');
        assert.match(sample, line);
        assert.deepEqual(rest, ['']);
      }),
    );
  });
});

describe('a question about statistics', () => {
  const kindOf = (query: string) => parseStatisticsQuery(new URLSearchParams(query)).kind;

  it('that cannot be answered is refused', () => {
    for (const query of ['filter=(', 'filter=a**', 'format=html', 'type=All,Gauges', `filter=${'x'.repeat(1025)}`])
      assert.equal(kindOf(query), 'invalid', query);
    assert.equal(kindOf('filter=((a{100}){100}){100}'), 'invalid');
    assert.equal(kindOf('filter=(?=a)'), 'invalid');
  });

  it('never throws and takes no long time', async () => {
    const before = performance.now();
    fc.assert(fc.property(fc.string(), (filter) => void kindOf(`filter=${encodeURIComponent(filter)}`)));
    await show('filter=(a*)*(a*)*(a*)*b');
    assert.ok(performance.now() - before < 5000);
  });
});

describe('statistics of several threads', () => {
  it('are added up, and what every thread has by itself counts once', () => {
    const merged = mergeSnapshots([snapshot, snapshot]);
    assert.deepEqual(merged.counters[0], [`${web}upstream_rq_503`, 4]);
    assert.deepEqual(merged.gauges, [[`${web}membership_total`, 1]]);
    assert.equal(merged.histograms[0]?.[1].sum, 666);
  });
});

describe('tags', () => {
  it('are cut out of names as Istio has Envoy do it', () => {
    assert.deepEqual(extractTags('http.outbound_0.0.0.0_80;.rbac.istio_dry_run_deny_.shadow_denied'), {
      name: 'http.rbac',
      tags: [
        ['authz_dry_run_action', 'deny'],
        ['authz_dry_run_result', 'denied'],
        ['http_conn_manager_prefix', 'outbound_0.0.0.0_80'],
      ],
    });
    // What two patterns take is cut out once.
    assert.deepEqual(extractTags('tcp.rbac.allowed').name, 'tcp');
    assert.deepEqual(extractTags('listener.0.0.0.0_80.downstream_cx_total'), {
      name: 'listener.downstream_cx_total',
      tags: [['listener_address', '0.0.0.0_80']],
    });
    assert.deepEqual(extractTags('server.live'), { name: 'server.live', tags: [] });
  });
});
