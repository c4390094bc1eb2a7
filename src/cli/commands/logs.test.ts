// `tidegate logs`: what it asks for and prints.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCommand, startFakeAdmin } from '../testing/run-command.ts';

describe('tidegate logs', () => {
  it('asks for lines by number and filters, and prints them without what could steer the terminal', async () => {
    const admin = await startFakeAdmin({ 'GET /logs': 'one\ntwo \u001b]0;title\u0007\n' });
    const { code, stdout } = await runCommand(
      'logs',
      '--tail',
      '5',
      '--filter',
      'status=5xx',
      '--filter',
      'a b',
      '--admin',
      admin.address,
    );
    await admin.close();
    assert.deepEqual([code, stdout], [0, 'one\ntwo \\x1b]0;title\\x07\n']);
    assert.deepEqual(admin.requests, ['GET /logs?tail=5&follow=0&filter=status%3D5xx&filter=a+b']);
  });

  it('follows until the gateway ends', async () => {
    const admin = await startFakeAdmin({ 'GET /logs?tail=100&follow=1': 'line\n' });
    const { code, stdout } = await runCommand('logs', '-f', '--admin', admin.address);
    await admin.close();
    assert.deepEqual([code, stdout], [0, 'line\n']);
  });
});
