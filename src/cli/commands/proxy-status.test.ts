// `tidegate proxy-status`: the table of all proxies, and one compared resource by resource.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigDumpView, ProxySyncView } from '../../main/run-options.ts';
import { runCommand, startFakeAdmin } from '../testing/run-command.ts';

const synced = { status: 'SYNCED', staleForMs: 0 } as const;
const gateway: ProxySyncView = {
  id: 'router~127.0.0.1~gw.istio-system~istio-system.svc.cluster.local',
  name: 'gw.istio-system',
  dataPlane: 'envoy',
  version: '0.1.0',
  protocol: 'delta',
  connectedAt: 0,
  types: { CDS: synced, LDS: synced, EDS: synced, RDS: synced },
};
const broken: ProxySyncView = {
  ...gateway,
  id: 'router~127.0.0.1~edge.istio-system~istio-system.svc.cluster.local',
  name: 'edge.istio-system',
  dataPlane: 'embedded',
  protocol: 'SotW',
  types: {
    CDS: { status: 'STALE', staleForMs: 12_400 },
    LDS: {
      status: 'ERROR',
      staleForMs: 0,
      error: 'bad \u001b[31mlistener',
      owners: [{ kind: 'Gateway', namespace: 'istio-system', name: 'default-gateway' }],
    },
  },
};
const resource = (name: string, version: string) => ({ name, version, resource: { name, version } });
const intended: ConfigDumpView = {
  CDS: [resource('c', '1')],
  EDS: [],
  LDS: [resource('l', '1')],
  RDS: [resource('r', '1')],
  SDS: [],
};

const withAdmin = async (answers: Record<string, unknown>, ...args: readonly string[]) => {
  const admin = await startFakeAdmin(answers);
  const outcome = await runCommand('proxy-status', ...args, '--admin', admin.address);
  await admin.close();
  return { ...outcome, requests: admin.requests };
};

describe('tidegate proxy-status', () => {
  it('prints one line per proxy, and below it what was rejected and whose it is', async () => {
    const { code, stdout } = await withAdmin({ 'GET /debug/syncz': [gateway, broken] });
    assert.equal(
      stdout,
      `NAME                DATA PLANE   CDS           LDS      EDS        RDS        SDS        PROTOCOL   VERSION
edge.istio-system   embedded     STALE (12s)   ERROR    NOT SENT   NOT SENT   NOT SENT   SotW       0.1.0
gw.istio-system     envoy        SYNCED        SYNCED   SYNCED     SYNCED     NOT SENT   delta      0.1.0
edge.istio-system LDS ERROR: bad \\x1b[31mlistener
  from Gateway/istio-system/default-gateway
`,
    );
    assert.equal(code, 1);
  });

  it('has exit code 0 when all is in sync, or nobody is there', async () => {
    assert.equal((await withAdmin({ 'GET /debug/syncz': [gateway] })).code, 0);
    const nobody = await withAdmin({ 'GET /debug/syncz': [] });
    assert.deepEqual([nobody.code, nobody.stdout], [0, 'No proxy is connected.\n']);
  });

  it('says Match for a proxy that has what pilot intends', async () => {
    const { code, stdout } = await withAdmin(
      { 'GET /debug/syncz': [gateway], 'GET /debug/config_dump': intended },
      'gw',
    );
    assert.match(stdout, /^Clusters Match$/m);
    assert.match(stdout, /^Listeners Match$/m);
    assert.match(stdout, /^Routes Match$/m);
    assert.equal(code, 0);
  });

  it('shows the difference, with exit code 1', async () => {
    const actual = { ...intended, RDS: [resource('r', '2')], CDS: [] };
    const { code, stdout } = await withAdmin(
      {
        'GET /debug/syncz': [gateway],
        [`GET /debug/config_dump?proxy=${encodeURIComponent(gateway.id).replaceAll('~', '%7E')}&view=actual`]: actual,
        'GET /debug/config_dump': intended,
      },
      'gw.istio-system',
    );
    assert.equal(code, 1);
    assert.match(stdout, /^Listeners Match$/m);
    assert.doesNotMatch(stdout, /^(?:Clusters|Routes) Match$/m);
  });

  it('resyncs first if told to', async () => {
    const { code, requests, stderr } = await withAdmin(
      { 'GET /debug/syncz': [gateway], 'GET /debug/config_dump': intended, 'POST /debug/resync': {} },
      'gw',
      '--resync',
    );
    assert.equal(code, 0);
    assert.equal(stderr, 'sent everything again to gw.istio-system\n');
    assert.ok(requests[1]?.startsWith('POST /debug/resync?proxy=router'));
  });

  it('asks the gateway itself in the split setup', async () => {
    const other = await startFakeAdmin({ 'GET /debug/config_dump': intended });
    const { code } = await withAdmin(
      { 'GET /debug/syncz': [{ ...gateway, adminAddress: other.address }], 'GET /debug/config_dump': intended },
      'gw',
    );
    await other.close();
    assert.equal(code, 0);
    assert.match(other.requests.join('\n'), /^GET \/debug\/config_dump\?proxy=router.*view=actual$/);
  });

  it('names the proxies there are when asked for another', async () => {
    const unknown = await withAdmin({ 'GET /debug/syncz': [gateway, broken] }, 'nobody');
    assert.deepEqual(
      [unknown.code, unknown.stderr],
      [1, 'tidegate: no proxy "nobody" is connected\nhint: Connected: gw.istio-system, edge.istio-system\n'],
    );
    const several = await withAdmin({ 'GET /debug/syncz': [gateway, broken] }, '--resync');
    assert.deepEqual(
      [several.code, several.stderr.split('\n')[0]],
      [2, 'tidegate: several proxies are connected: name one'],
    );
  });
});
