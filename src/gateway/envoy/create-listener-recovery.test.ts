// Listeners that could not be opened: what is told, when they are sent again, and when they are forgotten. Time is ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BoundListener } from '../data-plane.ts';
import { createListenerRecovery } from './create-listener-recovery.ts';
import { parseListenerFailure } from './listener-failure.ts';

const inUse = "lds: listener '0.0.0.0_80' config rejected: cannot bind '127.0.0.1:30000': Address already in use";
const privileged = "lds: listener '0.0.0.0_81' config rejected: cannot bind '[::1]:81': Permission denied";

function setUp() {
  const state = { now: 1_000_000, resent: 0, free: false };
  const recovery = createListenerRecovery({
    resend: () => {
      state.resent += 1;
    },
    now: () => state.now,
    isBindable: async () => state.free,
  });
  return { state, recovery };
}

test("reads Envoy's words", () => {
  assert.deepEqual(parseListenerFailure(inUse), {
    kind: 'bind',
    cause: 'in-use',
    listener: '0.0.0.0_80',
    address: '127.0.0.1',
    port: 30000,
    reason: 'Address already in use',
  });
  assert.deepEqual(parseListenerFailure(privileged), {
    kind: 'bind',
    cause: 'privileged',
    listener: '0.0.0.0_81',
    address: '::1',
    port: 81,
    reason: 'Permission denied',
  });
  assert.deepEqual(parseListenerFailure("lds: listener 'x' config rejected: Invalid regex"), {
    kind: 'rejected',
    listener: 'x',
    reason: 'Invalid regex',
  });
  assert.equal(parseListenerFailure("lds: add/update listener 'x'"), undefined);
});

test('names the port, and who can change what', () => {
  const { recovery } = setUp();
  assert.equal(recovery.note(inUse), true);
  assert.equal(recovery.note(privileged), true);
  assert.equal(recovery.note('something else'), false);
  const [first, second] = recovery.diagnostics();
  assert.deepEqual([first?.code, second?.code], ['TG0019', 'TG0020']);
  assert.match(first?.message ?? '', /127\.0\.0\.1:30000\. Listener 0\.0\.0\.0_80 does not serve/);
  assert.match(second?.message ?? '', /\[::1\]:81 \(Permission denied\)/);
  assert.deepEqual(
    recovery.failed().map(({ port, state }) => [port, state]),
    [
      [30000, 'failed'],
      [81, 'failed'],
    ],
  );
});

test('has a listener sent again once its port is free, and less and less often if that does not help', async () => {
  const { state, recovery } = setUp();
  recovery.note(inUse);
  state.now += 1000;
  await recovery.look([]);
  assert.equal(state.resent, 0);
  state.free = true;
  await recovery.look([]);
  assert.equal(state.resent, 1);
  let looks = 0;
  for (; state.resent < 6; looks += 1) {
    recovery.note(inUse);
    state.now += 1000;
    await recovery.look([]);
    if (looks > 100) break;
  }
  assert.ok(looks > 10, `five more tries in ${looks} s`);
});

test('forgets a failure when the listener serves on that address', async () => {
  const { state, recovery } = setUp();
  recovery.note(inUse);
  const listener: BoundListener = {
    name: '0.0.0.0_80',
    address: '127.0.0.1',
    port: 29999,
    state: 'listening',
    error: undefined,
  };
  state.now += 1000;
  await recovery.look([listener]);
  assert.equal(recovery.diagnostics().length, 1, 'it still serves on its former port');
  await recovery.look([{ ...listener, port: 30000 }]);
  assert.deepEqual(recovery.diagnostics(), []);
});

test('forgets a listener that pilot no longer sends', async () => {
  const { state, recovery } = setUp();
  recovery.note(inUse);
  recovery.note(privileged);
  state.now += 20_000;
  await recovery.look([]);
  assert.equal(state.resent, 1);
  state.now += 100;
  recovery.note(privileged);
  state.now += 11_000;
  await recovery.look([]);
  assert.deepEqual(
    recovery.diagnostics().map(({ code }) => code),
    ['TG0020'],
  );
});
