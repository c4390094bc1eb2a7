// What counts as work under way when a gateway is to end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countActive } from './drain-envoy.ts';

test('counts requests and raw connections, not idle keep-alive ones', () => {
  const stats = [
    'http.admin.downstream_cx_active: 1',
    'http.admin.downstream_rq_active: 1',
    'http.outbound_0.0.0.0_80.downstream_cx_active: 5',
    'http.outbound_0.0.0.0_80.downstream_rq_active: 2',
    'listener.127.0.0.1_30000.downstream_cx_active: 5',
    'listener.127.0.0.1_30000.worker_0.downstream_cx_active: 5',
    'listener.127.0.0.1_30306.downstream_cx_active: 3',
    'listener.admin.downstream_cx_active: 1',
    'listener.127.0.0.1_30306.downstream_cx_total: 100',
    '',
  ];
  assert.equal(countActive(stats.join('\n')), 2 + 3);
  assert.equal(countActive(''), 0);
});
