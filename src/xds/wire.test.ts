// Hand-made wire format against the generated encoder: other bytes would be another protocol.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from './generated/envoy/service/discovery/v3/discovery_pb.ts';
import type { XdsResource } from './resource.ts';
import { readResourceName } from './resource-name-field.ts';
import { encodeResponse } from './server/encode-response.ts';
import { typeUrls } from './type-urls.ts';
import { encodeWire, wireMessage } from './wire.ts';

const resources: fc.Arbitrary<XdsResource> = fc.record({
  typeUrl: fc.constant(typeUrls.route),
  name: fc.string({ unit: 'grapheme', minLength: 1 }),
  version: fc.string({ minLength: 1, maxLength: 16 }),
  bytes: fc.uint8Array({ maxLength: 400 }),
  references: fc.constant([]),
  owners: fc.constant([]),
});

test('responses decode to the resources they were made of', () => {
  fc.assert(
    fc.property(fc.array(resources, { maxLength: 5 }), fc.array(fc.string({ minLength: 1 })), (list, removed) => {
      const response = { typeUrl: typeUrls.route, nonce: '1-2', resources: list, removed };
      const delta = fromBinary(DeltaDiscoveryResponseSchema, encodeResponse('delta', response));
      assert.equal(delta.nonce, '1-2');
      assert.deepEqual(delta.removedResources, removed);
      assert.deepEqual(
        delta.resources.map((r) => [r.name, r.version, r.resource?.typeUrl, Buffer.from(r.resource?.value ?? [])]),
        list.map((r) => [r.name, r.version, r.typeUrl, Buffer.from(r.bytes)]),
      );
      const sotw = fromBinary(DiscoveryResponseSchema, encodeResponse('SotW', response));
      assert.deepEqual(
        sotw.resources.map((any) => Buffer.from(any.value)),
        list.map((r) => Buffer.from(r.bytes)),
      );
      assert.equal(sotw.versionInfo, delta.systemVersionInfo);
    }),
  );
});

test('lengths of more than one byte are written right', () => {
  for (const size of [0, 1, 127, 128, 16_383, 16_384, 3_000_000]) {
    const value = 'x'.repeat(size);
    const message = fromBinary(DiscoveryResponseSchema, encodeWire(wireMessage([[4, value]])));
    assert.equal(message.typeUrl, create(DiscoveryResponseSchema, { typeUrl: value }).typeUrl);
  }
});

test('a resource without a name has the empty name; garbage throws', () => {
  assert.equal(readResourceName(typeUrls.cluster, new Uint8Array()), '');
  assert.throws(() => readResourceName(typeUrls.cluster, Uint8Array.from([0x0a, 0xff])));
});
