// Values of patches as users write them: what is unknown or of the wrong kind, at its place.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { extensionTypes } from '../../xds/extension-types.ts';
import { ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { HttpFilterSchema } from '../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { checkJson } from './check-json.ts';

const found = (value: unknown, schema: typeof ClusterSchema | typeof HttpFilterSchema = ClusterSchema) =>
  checkJson(schema, value, extensionTypes()).problems.map(({ path, kind }) => `${kind} ${path.join('.')}`);

describe('the JSON of a message', () => {
  it('may spell fields both ways', () => {
    assert.deepEqual(found({ connect_timeout: '1s', perConnectionBufferLimitBytes: 1, healthChecks: null }), []);
  });

  it('is freed of what its message does not have', () => {
    const value = { name: 'a', nme: 'b', circuit_breakers: { thresholds: [{ max: 1, max_connections: 2 }] } };
    const checked = checkJson(ClusterSchema, value, extensionTypes());
    assert.deepEqual(checked.value, { name: 'a', circuit_breakers: { thresholds: [{ max_connections: 2 }] } });
    assert.deepEqual(found(value), ['unknown field nme', 'unknown field circuit_breakers.thresholds.0.max']);
  });

  it('has values of the right kind', () => {
    assert.deepEqual(
      found({
        connect_timeout: 'soon',
        lb_policy: 'BEST',
        name: 7,
        health_checks: [{ timeout: 5 }],
        eds_cluster_config: 'x',
      }),
      [
        'invalid connect_timeout',
        'invalid lb_policy',
        'invalid name',
        'invalid health_checks.0.timeout',
        'invalid eds_cluster_config',
      ],
    );
  });

  it('names types that there are', () => {
    const typed = (config: unknown) => found({ name: 'a', typed_config: config }, HttpFilterSchema);
    const prefix = 'type.googleapis.com/';
    assert.deepEqual(typed({ '@type': `${prefix}envoy.extensions.filters.http.lua.v3.Lua`, inline_code: 'x' }), []);
    assert.deepEqual(typed({ '@type': `${prefix}nobody.Knows` }), ['invalid typed_config.@type']);
    assert.deepEqual(typed({ inline_code: 'x' }), ['invalid typed_config.@type']);
    assert.deepEqual(typed('x'), ['invalid typed_config']);
    const struct = `${prefix}xds.type.v3.TypedStruct`;
    assert.deepEqual(typed({ '@type': struct, type_url: `${prefix}nobody.Knows`, value: { any: 1 } }), []);
    assert.deepEqual(
      typed({
        '@type': struct,
        type_url: `${prefix}envoy.extensions.filters.http.lua.v3.Lua`,
        value: { inlineCod: 1 },
      }),
      ['unknown field typed_config.value.inlineCod'],
    );
  });

  it('has the message that a struct stands for, where all of it is known', () => {
    const prefix = 'type.googleapis.com/';
    const lua = `${prefix}envoy.extensions.filters.http.lua.v3.Lua`;
    const config = (value: object, type_url = lua) => ({
      '@type': `${prefix}udpa.type.v1.TypedStruct`,
      type_url,
      value,
    });
    const read = (typed_config: object) =>
      (checkJson(HttpFilterSchema, { typed_config }, extensionTypes()).value as { typed_config: object }).typed_config;
    assert.deepEqual(read(config({ stat_prefix: 'x' })), { '@type': lua, stat_prefix: 'x' });
    for (const kept of [config({ newer: 1 }), config({}, `${prefix}nobody.Knows`)]) assert.deepEqual(read(kept), kept);
  });

  it('lists no more problems than a reader needs', () => {
    const value = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field${i}`, i]));
    assert.equal(found(value).length, 20);
  });

  it('says which values a merge does not see', () => {
    const whole = {
      health_checks: [{ no_traffic_interval: null, reuse_connection: false }],
      metadata: { filter_metadata: { a: { b: 0 } } },
    };
    const value = {
      ...whole,
      name: '',
      lb_policy: 'ROUND_ROBIN',
      per_connection_buffer_limit_bytes: 0,
      connect_timeout: '0s',
    };
    const { defaults } = checkJson(ClusterSchema, value, extensionTypes());
    assert.deepEqual(defaults, [['name'], ['lb_policy'], ['per_connection_buffer_limit_bytes']]);
  });
});
