// How many connections the gateway has, over all listeners and threads: what is accepted beyond the limit is closed at once.

export interface ConnectionSlots {
  /** False: there is none left. */
  take(): boolean;
  give(): void;
}

/** What a thread needs to count with the others. */
export interface SlotMemory {
  readonly max: number;
  /** Of all threads. */
  readonly total: SharedArrayBuffer;
  /** Of this one alone, so that its slots are not lost with it. */
  readonly own: SharedArrayBuffer;
}

const counter = (): SharedArrayBuffer => new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);

/** `beside` shares its total. */
export const createSlotMemory = (max: number, beside?: SlotMemory): SlotMemory => ({
  max,
  total: beside?.total ?? counter(),
  own: counter(),
});

const endless: ConnectionSlots = { take: () => true, give: () => {} };

export function createConnectionSlots(memory: SlotMemory | undefined): ConnectionSlots {
  if (memory === undefined) return endless;
  const { max } = memory;
  const total = new Int32Array(memory.total);
  const own = new Int32Array(memory.own);
  return {
    take: () => {
      // Never above the limit, not even for a moment: nobody is turned away by one who is turned away too.
      for (let known = Atomics.load(total, 0); known < max; ) {
        const found = Atomics.compareExchange(total, 0, known, known + 1);
        if (found === known) {
          Atomics.add(own, 0, 1);
          return true;
        }
        known = found;
      }
      return false;
    },
    give: () => {
      Atomics.sub(own, 0, 1);
      Atomics.sub(total, 0, 1);
    },
  };
}

/** What a thread had that has died. */
export function giveBack(memory: SlotMemory | undefined): void {
  if (memory === undefined) return;
  Atomics.sub(new Int32Array(memory.total), 0, Atomics.exchange(new Int32Array(memory.own), 0, 0));
}
