// Istio's merge of messages: what grows, what is replaced, and what a default does.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromJson, type JsonObject, toJson } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { RouteSchema } from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { mergeMessage } from './merge-message.ts';

type Schema = typeof ClusterSchema | typeof RouteSchema;

function merge(schema: Schema, target: JsonObject, source: JsonObject, replacesLists = false): unknown {
  const message = fromJson(schema, target);
  const other = fromJson(schema, source);
  const before = JSON.stringify(toJson(schema, other));
  mergeMessage(reflect(schema, message), reflect(schema, other), replacesLists);
  assert.equal(JSON.stringify(toJson(schema, other)), before, 'the patch itself is changed');
  return toJson(schema, message);
}

const add = (key: string) => ({ header: { key, value: 'v' } });

describe('a merge', () => {
  it('sets fields, and leaves others as they are', () => {
    assert.deepEqual(merge(ClusterSchema, { name: 'a', connectTimeout: '1s' }, { lbPolicy: 'RANDOM' }), {
      name: 'a',
      connectTimeout: '1s',
      lbPolicy: 'RANDOM',
    });
  });

  it('takes a default for not set, in wrappers too where there is a value', () => {
    const target = { name: 'a', lbPolicy: 'RANDOM', perConnectionBufferLimitBytes: 7 };
    assert.deepEqual(
      merge(ClusterSchema, target, { name: '', lbPolicy: 'ROUND_ROBIN', perConnectionBufferLimitBytes: 0 }),
      target,
    );
    assert.deepEqual(merge(ClusterSchema, { name: 'a' }, { perConnectionBufferLimitBytes: 0 }), {
      name: 'a',
      perConnectionBufferLimitBytes: 0,
    });
  });

  it('replaces durations as a whole', () => {
    assert.deepEqual(merge(ClusterSchema, { connectTimeout: '1.500s' }, { connectTimeout: '2s' }), {
      connectTimeout: '2s',
    });
  });

  it('merges messages, and makes lists longer', () => {
    const target = { route: { cluster: 'a', timeout: '1s' }, requestHeadersToAdd: [add('x')] };
    const source = { route: { timeout: '2s', prefixRewrite: '/b' }, requestHeadersToAdd: [add('y')] };
    const route = { cluster: 'a', timeout: '2s', prefixRewrite: '/b' };
    assert.deepEqual(merge(RouteSchema, target, source), { route, requestHeadersToAdd: [add('x'), add('y')] });
    assert.deepEqual(merge(RouteSchema, target, source, true), { route, requestHeadersToAdd: [add('y')] });
  });

  it('puts another member of a oneof in the place of the one that is there', () => {
    assert.deepEqual(merge(RouteSchema, { route: { cluster: 'a' } }, { redirect: { pathRedirect: '/b' } }), {
      redirect: { pathRedirect: '/b' },
    });
  });

  it('replaces entries of maps, and of structs', () => {
    const metadata = (fields: JsonObject) => ({ metadata: { filterMetadata: fields } });
    assert.deepEqual(
      merge(RouteSchema, metadata({ a: { x: 1 }, b: { y: 1 } }), metadata({ a: { z: 2 }, c: {} })),
      metadata({ a: { z: 2 }, b: { y: 1 }, c: {} }),
    );
  });
});
