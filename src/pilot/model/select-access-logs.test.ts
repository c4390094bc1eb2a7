// Which logs are in force: Istio's merge of levels and providers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Resource } from '../resources/resource.ts';
import type { TelemetryLogging } from '../resources/telemetry.ts';
import { type AccessLogSettings, defaultMeshSettings, type MeshSettings } from './mesh-settings.ts';
import { selectAccessLogs } from './select-access-logs.ts';

const log = (path: string): AccessLogSettings => ({ path, format: { kind: 'text', template: 'x\n' } });
const mesh: MeshSettings = {
  ...defaultMeshSettings,
  accessLog: log('mesh'),
  accessLogProviders: new Map(['a', 'b', 'c'].map((name) => [name, log(name)])),
  defaultAccessLogProviders: ['a'],
};

function telemetry(
  namespace: string,
  accessLogging: readonly Partial<TelemetryLogging>[],
  selector: Readonly<Record<string, string>> = {},
): Resource<'Telemetry'> {
  const complete = { providers: [], disabled: false, expression: undefined, isForClients: true };
  return {
    kind: 'Telemetry',
    metadata: { name: 't', namespace },
    origin: { file: 't.yaml', locate: () => undefined },
    spec: {
      selector,
      isForOthers: false,
      accessLogging: accessLogging.map((entry, index) => ({ ...complete, ...entry, index })),
    },
  } as unknown as Resource<'Telemetry'>;
}

const proxy = { namespace: 'ingress', labels: { app: 'gateway' } };
const logsOf = (telemetries: readonly Resource<'Telemetry'>[], settings: MeshSettings = mesh): readonly string[] =>
  selectAccessLogs(telemetries, settings, proxy).logs.map(({ path, expression }) => `${path} ${expression ?? '-'}`);

describe('access logs', () => {
  test("are the mesh's file, where nobody names a provider that exists", () => {
    const none = { ...mesh, defaultAccessLogProviders: [] };
    assert.deepEqual(logsOf([], none), ['mesh -']);
    assert.deepEqual(logsOf([telemetry('istio-system', [{ providers: ['nobody'] }])], none), ['mesh -']);
    assert.deepEqual(logsOf([], { ...none, accessLog: undefined }), []);
  });
  test("are the mesh's default providers instead, where it has some", () => {
    assert.deepEqual(logsOf([]), ['a -']);
  });
  test('can be switched off altogether', () => {
    assert.deepEqual(logsOf([telemetry('istio-system', [{ disabled: true }])]), []);
  });
  test('are of the providers that the lowest level names', () => {
    const root = telemetry('istio-system', [{ providers: ['a', 'b'] }]);
    assert.deepEqual(logsOf([root]), ['a -', 'b -']);
    assert.deepEqual(logsOf([root, telemetry('ingress', [{ providers: ['c'] }])]), ['c -']);
    const own = telemetry('ingress', [{ providers: ['b'], expression: '1 == 1' }], { app: 'gateway' });
    assert.deepEqual(logsOf([root, telemetry('ingress', [{ providers: ['c'] }]), own]), ['b 1 == 1']);
    assert.deepEqual(logsOf([root, telemetry('ingress', [{ providers: ['c'] }], { app: 'other' })]), ['a -', 'b -']);
    assert.deepEqual(logsOf([root, telemetry('elsewhere', [{ providers: ['c'] }])]), ['a -', 'b -']);
  });
  test('without providers are about those before', () => {
    assert.deepEqual(logsOf([telemetry('istio-system', [{ providers: ['c'] }, { disabled: true }])]), []);
    const filtered = telemetry('istio-system', [{ expression: 'true' }]);
    assert.deepEqual(logsOf([filtered]), ['a true']);
    assert.deepEqual(
      logsOf([telemetry('istio-system', [{ providers: ['b'] }]), telemetry('ingress', [{ disabled: true }])]),
      [],
    );
  });
  test('of servers are not of a gateway', () => {
    assert.deepEqual(logsOf([telemetry('istio-system', [{ providers: ['b'], isForClients: false }])]), ['mesh -']);
  });
});
