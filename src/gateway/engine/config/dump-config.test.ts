// What the engine says it has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { ClusterSchema } from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { typeUrls } from '../../../xds/type-urls.ts';
import { createConfigStore } from './create-config-store.ts';
import { dumpConfig } from './dump-config.ts';

test('a resource with an extension unknown here is dumped by its name', () => {
  const unknown = create(AnySchema, { typeUrl: 'type.googleapis.com/unheard.of', value: new Uint8Array([1]) });
  const message = create(ClusterSchema, { name: 'a', typedExtensionProtocolOptions: { unknown } });
  const store = createConfigStore();
  const resource = { name: 'a', version: '1', bytes: toBinary(ClusterSchema, message) };
  assert.equal(store.apply({ typeUrl: typeUrls.cluster, resources: [resource], removed: [] }), undefined);
  const [dumped] = dumpConfig(store).CDS;
  assert.equal(dumped?.name, 'a');
  assert.match(JSON.stringify(dumped?.resource), /unheard\.of/);
});
