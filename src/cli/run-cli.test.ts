// The command line as a whole: help, wrong usage, errors, exit codes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCommand, startFakeAdmin } from './testing/run-command.ts';

const commands = ['up', 'pilot', 'gateway', 'proxy-status', 'proxy-config', 'logs', 'ports', 'version', 'completion'];

describe('tidegate', () => {
  it('lists every command in its help', async () => {
    const { code, stdout, stderr } = await runCommand('--help');
    assert.deepEqual([code, stderr], [0, '']);
    for (const command of commands) assert.match(stdout, new RegExp(`^  ${command}\\b`, 'm'));
    assert.match(stdout, /Exit codes: 0 fine; 1 failed/);
  });

  for (const command of commands) {
    it(`explains ${command} with examples`, async () => {
      const { code, stdout } = await runCommand(command, '--help');
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Usage: tidegate ${command}`));
      assert.match(stdout, new RegExp(`Examples:\n(.*\n)*?.*tidegate ${command}`));
    });
  }

  it('answers wrong usage with one line, a hint and exit code 2', async () => {
    const cases = [
      [['frobnicate'], "unknown command 'frobnicate'"],
      [['prots'], 'Did you mean ports?'],
      [['up'], "required option '-f, --file <path>' not specified"],
      [['up', '-f', 'x', '--engine', 'nginx'], 'Allowed choices are embedded, envoy.'],
      [['up', '-f', 'x', '--port-map', '80'], '"80" is not GATEWAYPORT=BOUNDPORT'],
      [['proxy-config'], "missing required argument 'type'"],
      [['proxy-config', 'bogus'], 'Allowed choices are listeners, routes, clusters, endpoints, secrets, all.'],
      [['ports', '--nonsense'], "unknown option '--nonsense'"],
      [['completion', 'powershell'], 'Allowed choices are bash, zsh, fish.'],
    ] as const;
    for (const [args, text] of cases) {
      const { code, stdout, stderr } = await runCommand(...args);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.ok(stderr.startsWith('tidegate: ') && stderr.includes(text), stderr);
      assert.match(stderr, /^hint: /m);
    }
  });

  it('says when no tidegate answers, with exit code 3 and without a stack', async () => {
    const { address, close } = await startFakeAdmin({});
    await close();
    for (const command of [['proxy-status'], ['proxy-config', 'all'], ['logs'], ['ports']]) {
      const { code, stdout, stderr } = await runCommand(...command, '--admin', address);
      assert.deepEqual([code, stdout], [3, '']);
      assert.equal(
        stderr,
        `tidegate: no tidegate answers at ${address} (ECONNREFUSED)\nhint: Start one with \`tidegate up -f PATH\`, or name its admin address with --admin HOST:PORT.\n`,
      );
    }
  });

  it("passes the server's own error and hint on", async () => {
    const admin = await startFakeAdmin({});
    const { code, stderr } = await runCommand('ports', '--admin', admin.address);
    await admin.close();
    assert.deepEqual([code, stderr], [1, 'tidegate: no GET /debug/ports\nhint: Ask another.\n']);
  });

  it('does not take another server for a tidegate', async () => {
    const admin = await startFakeAdmin({ 'GET /debug/ports': '<html>' });
    const { code, stderr } = await runCommand('ports', '--admin', admin.address);
    await admin.close();
    assert.equal(code, 1);
    assert.match(stderr, /does not answer as a tidegate does\nhint: Is this its admin address\?\n$/);
  });

  it('prints versions as text and JSON', async () => {
    const admin = await startFakeAdmin({ 'GET /version': { version: '7.7.7', role: 'up' } });
    const text = await runCommand('version', '--admin', admin.address);
    const json = await runCommand('version', '--client', '-o', 'json', '--admin', admin.address);
    await admin.close();
    assert.match(
      text.stdout,
      /^tidegate \d+\.\d+\.\d+\nnode \d+\.\d+\.\d+\nenvoy \d+\.\d+\.\d+ \(with --engine envoy\)\nrunning: tidegate 7\.7\.7 \(up\)\n$/,
    );
    assert.deepEqual(Object.keys(JSON.parse(json.stdout)), ['tidegate', 'node', 'envoy']);
    assert.deepEqual(admin.requests, ['GET /version?']);
  });
});
