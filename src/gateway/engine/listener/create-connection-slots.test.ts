// The limit holds for all threads together, and a thread that dies takes no slots with it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createConnectionSlots, createSlotMemory, giveBack } from './create-connection-slots.ts';

describe('createConnectionSlots', () => {
  it('has no limit without one', () => {
    assert.equal(createConnectionSlots(undefined).take(), true);
  });

  it('counts over all threads', () => {
    const first = createSlotMemory(2);
    const [a, b] = [createConnectionSlots(first), createConnectionSlots(createSlotMemory(2, first))];
    assert.deepEqual([a.take(), b.take(), a.take(), b.take()], [true, true, false, false]);
    a.give();
    assert.deepEqual([b.take(), a.take()], [true, false]);
  });

  it('gets back what a dead thread had', () => {
    const first = createSlotMemory(2);
    const second = createSlotMemory(2, first);
    const [a, b] = [createConnectionSlots(first), createConnectionSlots(second)];
    assert.deepEqual([a.take(), b.take()], [true, true]);
    giveBack(second);
    assert.deepEqual([a.take(), a.take()], [true, false]);
  });
});
