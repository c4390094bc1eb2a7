// `tidegate ports`: the table of a running tidegate.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PortView } from '../../main/run-options.ts';
import { runCommand, startFakeAdmin } from '../testing/run-command.ts';

const http: PortView = {
  listener: '0.0.0.0_8080',
  gatewayPort: 80,
  protocol: 'HTTP',
  service: { kind: 'Service', namespace: 'istio-system', name: 'istio-ingressgateway' },
  servicePort: 80,
  targetPort: 8080,
  nodePort: 30000,
  address: '127.0.0.1',
  port: 30000,
  from: 'node-port',
  gateways: [{ kind: 'Gateway', namespace: 'istio-system', name: 'default-gateway' }],
  state: 'listening',
  dataPlane: 'embedded',
  error: null,
};
const others: readonly PortView[] = [
  {
    ...http,
    gatewayPort: 443,
    protocol: 'HTTPS',
    servicePort: 443,
    targetPort: 443,
    nodePort: 30443,
    port: 18443,
    from: 'port-map',
    state: 'failed',
    error: 'address in use',
  },
  {
    ...http,
    gatewayPort: 3306,
    protocol: 'TCP',
    service: null,
    servicePort: null,
    targetPort: 3306,
    nodePort: null,
    port: 3306,
    from: 'target-port',
    state: 'not served',
  },
];

const ports = async (answers: Record<string, unknown>, ...args: readonly string[]) => {
  const admin = await startFakeAdmin(answers);
  const outcome = await runCommand('ports', ...args, '--admin', admin.address);
  await admin.close();
  return outcome;
};

describe('tidegate ports', () => {
  it('prints the way of each port, and what failed with exit code 1', async () => {
    const { code, stdout } = await ports({ 'GET /debug/ports': [http, ...others] });
    assert.equal(
      stdout,
      `GATEWAY PORT   SERVICE PORT                            TARGET PORT   NODE PORT   ADDRESS                         LISTENER           GATEWAYS
80 HTTP        80 istio-system/istio-ingressgateway    8080          30000       127.0.0.1:30000                 embedded           istio-system/default-gateway
443 HTTPS      443 istio-system/istio-ingressgateway   443           30443       127.0.0.1:18443 (--port-map)    FAILED             istio-system/default-gateway
3306 TCP       -                                       3306          -           127.0.0.1:3306 (no node port)   nobody: no route   istio-system/default-gateway
127.0.0.1:18443 (--port-map): address in use
`,
    );
    assert.equal(code, 1);
  });

  it('prints JSON, and says when there are none', async () => {
    const json = await ports({ 'GET /debug/ports': [http] }, '-o', 'json');
    assert.deepEqual([json.code, JSON.parse(json.stdout)], [0, [http]]);
    const none = await ports({ 'GET /debug/ports': [] });
    assert.deepEqual([none.code, none.stdout], [0, 'No ports: no Gateway selects this gateway.\n']);
  });

  it('learns from the gateways who listens, where pilot alone answers', async () => {
    const listener = { ...http, gatewayPort: null, protocol: null, service: null, gateways: [], dataPlane: 'envoy' };
    const gateway = await startFakeAdmin({ 'GET /debug/ports': [listener] });
    const { stdout } = await ports(
      {
        'GET /debug/ports': [{ ...http, state: 'unknown', dataPlane: null }],
        'GET /debug/syncz': [{ id: 'router~x', name: 'gw', types: {}, adminAddress: gateway.address }],
      },
      '-o',
      'json',
    );
    await gateway.close();
    assert.deepEqual(JSON.parse(stdout), [{ ...http, dataPlane: 'envoy' }]);
  });
});
