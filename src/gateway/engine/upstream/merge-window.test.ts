// The first change counts at once, those soon after it together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMergeWindow } from './merge-window.ts';

test('changes of health are merged', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let applied = 0;
  const window = createMergeWindow(
    () => 1000,
    () => applied++,
    Date.now,
  );
  window.request();
  assert.equal(applied, 1);
  window.request();
  window.request();
  assert.equal(applied, 1);
  t.mock.timers.tick(1000);
  assert.equal(applied, 2);
  t.mock.timers.tick(1001);
  window.request();
  assert.equal(applied, 3);
});

test('what was applied in another way need not be applied again', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let applied = 0;
  const window = createMergeWindow(
    () => 1000,
    () => applied++,
    Date.now,
  );
  window.request();
  window.request();
  window.applied();
  t.mock.timers.tick(5000);
  assert.equal(applied, 1);
  window.request();
  window.request();
  window.close();
  t.mock.timers.tick(5000);
  assert.equal(applied, 2);
});
