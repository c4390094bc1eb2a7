// Statistics come and go with the configuration that names them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EngineConfig } from '../config/engine-config.ts';
import { cluster, engineConfig, filterChain, httpManager, listener } from '../engine-fixture.ts';
import { createEngineStatistics } from './engine-statistics.ts';

const configOf = (statPrefix: string, ...clusters: Parameters<typeof cluster>[]): EngineConfig =>
  engineConfig({
    listeners: [listener([filterChain(httpManager({ statPrefix }))], { address: '::', port: 80 })],
    clusters: clusters.map((given) => cluster(...given)),
  });

describe('the statistics of an engine', () => {
  it('are there when the configuration names them, and go with it', async () => {
    const statistics = createEngineStatistics();
    const names = async (): Promise<readonly string[]> => (await statistics.snapshot()).counters.map(([name]) => name);
    statistics.apply(configOf('a'));
    assert.ok((await names()).includes('http.a.no_route'));
    assert.ok((await names()).includes('listener.[__]_80.downstream_cx_total'));
    const gone = statistics.http('a');
    statistics.apply(configOf('b'));
    gone.counters.no_route++;
    assert.ok(
      !(await names()).some((name) => name.startsWith('http.a.')) && (await names()).includes('http.b.no_route'),
    );
  });

  it('go on through changes that leave the name alone', async () => {
    const statistics = createEngineStatistics();
    statistics.apply(configOf('a'));
    statistics.http('a').counters.no_route++;
    statistics.apply(configOf('a'));
    assert.equal(new Map((await statistics.snapshot()).counters).get('http.a.no_route'), 1);
  });

  it('of clusters are told under their other name, and traffic once there is any', async () => {
    const statistics = createEngineStatistics();
    const config = configOf('a', ['web', [], { altStatName: 'shop;' }]);
    statistics.apply(config);
    const value = async (name: string) => new Map((await statistics.snapshot()).counters).get(name);
    assert.equal(await value('cluster.shop;.upstream_rq_total'), undefined);
    const counted = statistics.cluster({ name: 'web', altStatName: 'shop;' });
    counted.counters.upstream_rq_total++;
    counted.external.count(503);
    counted.internal.count(200);
    assert.equal(await value('cluster.shop;.upstream_rq_total'), 1);
    assert.equal(await value('cluster.shop;.upstream_rq_completed'), 2);
    assert.equal(await value('cluster.shop;.external.upstream_rq_5xx'), 1);
    assert.equal(await value('cluster.shop;.internal.upstream_rq_200'), 1);
  });
});
