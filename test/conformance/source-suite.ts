// What every Source must do, whatever stands behind it: files today, a cluster later.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ResourceKind } from '../../src/pilot/resources/resource.ts';
import type { ChangedObject, Snapshot, Source } from '../../src/pilot/resources/snapshot.ts';
import { collectSnapshots, type SnapshotCollector } from './collect-snapshots.ts';

/** An object as it stands in a manifest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: ResourceKind;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly [field: string]: unknown;
}

/** The world behind a source. */
export interface SourceWorld {
  readonly source: Source;
  /** Creates the object, or replaces the one of its name. */
  apply(manifest: Manifest): Promise<void>;
  remove(manifest: Manifest): Promise<void>;
  close(): Promise<void>;
}

function service(name: string, port: number): Manifest {
  const spec = { ports: [{ name: 'http', port }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec };
}

function virtualService(name: string, host: string): Manifest {
  const route = [{ destination: { host: 'cart', port: { number: 80 } } }];
  const spec = { hosts: [host], gateways: ['gw'], http: [{ route }] };
  const metadata = { name, namespace: 'shop' };
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata, spec };
}

const hostOf = (snapshot: Snapshot, key: string): string | undefined =>
  snapshot.objects.VirtualService.get(key)?.spec.hosts[0];

/** What differs between two snapshots, by the identity of objects. */
function differences(before: Snapshot | undefined, after: Snapshot): ChangedObject[] {
  const kinds = Object.keys(after.objects) as ResourceKind[];
  return kinds.flatMap((kind) => {
    const old: ReadonlyMap<string, unknown> = before?.objects[kind] ?? new Map();
    const now: ReadonlyMap<string, unknown> = after.objects[kind];
    const keys = [...new Set([...old.keys(), ...now.keys()])].filter((key) => old.get(key) !== now.get(key));
    return keys.map((key) => ({ kind, key }));
  });
}

const sorted = (changed: readonly ChangedObject[]): string[] =>
  changed.map(({ kind, key }) => `${kind}/${key}`).toSorted();

const watchers = (): number =>
  process.getActiveResourcesInfo().filter((name) => /FSEvent|MessagePort/.test(name)).length;

export function sourceSuite(name: string, createWorld: () => Promise<SourceWorld>): void {
  describe(name, () => {
    let world: SourceWorld;
    let collector: SnapshotCollector;
    const idle = watchers();

    before(async () => {
      world = await createWorld();
      await world.apply(service('cart', 80));
      await world.apply(virtualService('cart', 'cart.example.com'));
      collector = collectSnapshots(world.source);
    });
    after(async () => {
      await collector.stop();
      await world.close();
    });

    it('yields everything there is first, all of it as changed', async () => {
      const first = await collector.until('the first one', () => true);
      assert.equal(collector.snapshots.length, 1);
      assert.deepEqual(sorted(first.changed), ['Service/shop/cart', 'VirtualService/shop/cart']);
      assert.equal(first.objects.Service.get('shop/cart')?.spec.ports[0]?.port, 80);
      assert.equal(hostOf(first, 'shop/cart'), 'cart.example.com');
      assert.deepEqual(first.diagnostics, []);
    });

    it('has every kind, empty where there is none', () => {
      assert.deepEqual([...collector.latest().objects.Gateway.keys()], []);
      assert.deepEqual([...collector.latest().objects.EndpointSlice.keys()], []);
    });

    it('yields an added object, and leaves the others and their maps as they are', async () => {
      const before = collector.latest();
      await world.apply(virtualService('shoes', 'shoes.example.com'));
      const next = await collector.until('shoes', (snapshot) => snapshot.objects.VirtualService.has('shop/shoes'));
      assert.deepEqual(sorted(next.changed), ['VirtualService/shop/shoes']);
      assert.equal(next.objects.VirtualService.get('shop/cart'), before.objects.VirtualService.get('shop/cart'));
      assert.equal(next.objects.Service, before.objects.Service);
      assert.notEqual(next.objects.VirtualService, before.objects.VirtualService);
    });

    it('yields a changed object as a new one', async () => {
      const before = collector.latest();
      await world.apply(virtualService('shoes', 'boots.example.com'));
      const next = await collector.until('boots', (snapshot) => hostOf(snapshot, 'shop/shoes') === 'boots.example.com');
      assert.deepEqual(sorted(next.changed), ['VirtualService/shop/shoes']);
      assert.equal(hostOf(before, 'shop/shoes'), 'shoes.example.com');
      assert.equal(next.objects.VirtualService.get('shop/cart'), before.objects.VirtualService.get('shop/cart'));
    });

    it('says what an object got wrong on the object, and uses the rest of it', async () => {
      const metadata = { name: 'bad', namespace: 'shop' };
      const spec = {
        ports: [
          { name: 'http', port: 80 },
          { name: 'worse', port: 'x' },
        ],
      };
      await world.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec });
      const next = await collector.until('bad', (snapshot) => snapshot.objects.Service.has('shop/bad'));
      const bad = next.objects.Service.get('shop/bad');
      assert.deepEqual(
        bad?.diagnostics.map(({ code, path, resource }) => ({ code, path, resource })),
        [
          {
            code: 'IST0106',
            path: 'spec.ports[1].port',
            resource: { kind: 'Service', namespace: 'shop', name: 'bad' },
          },
        ],
      );
      assert.deepEqual(
        bad?.spec.ports.map(({ name }) => name),
        ['http'],
      );
    });

    it('removes an object that is gone', async () => {
      await world.remove(virtualService('shoes', ''));
      const next = await collector.until('no shoes', (snapshot) => !snapshot.objects.VirtualService.has('shop/shoes'));
      assert.deepEqual(sorted(next.changed), ['VirtualService/shop/shoes']);
      assert.ok(next.objects.VirtualService.has('shop/cart'));
    });

    it('names in `changed` exactly what differs from the snapshot before', () => {
      collector.snapshots.forEach((snapshot, i) => {
        assert.deepEqual(sorted(snapshot.changed), sorted(differences(collector.snapshots[i - 1], snapshot)));
      });
    });

    it('says nothing where nothing changed', async () => {
      const count = collector.snapshots.length;
      await world.apply(service('cart', 80));
      await world.apply(service('last', 1));
      await collector.until('last', (snapshot) => snapshot.objects.Service.has('shop/last'));
      assert.equal(collector.snapshots.length, count + 1);
    });

    it('ends when it is aborted, and leaves nothing behind', async () => {
      await collector.stop();
      const count = collector.snapshots.length;
      await world.apply(service('after', 80));
      assert.equal(collector.snapshots.length, count);
      assert.equal(watchers(), idle);
    });

    it('can run again', async () => {
      const again = collectSnapshots(world.source);
      const first = await again.until('the first one', () => true);
      assert.ok(first.objects.Service.has('shop/after'));
      assert.deepEqual(sorted(first.changed), sorted(differences(undefined, first)));
      await again.stop();
    });

    it('yields nothing where it was aborted before', async () => {
      const none: Snapshot[] = [];
      await world.source.run((snapshot) => none.push(snapshot), AbortSignal.abort());
      assert.deepEqual(none, []);
    });
  });
}
