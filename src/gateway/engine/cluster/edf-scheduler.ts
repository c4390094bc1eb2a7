// Earliest deadline first: hands out items in proportion to weights that may change between two picks, as evenly as can be.

export interface EdfScheduler<Item> {
  /** Undefined only where there are no items. */
  pick(): Item | undefined;
}

interface Entry<Item> {
  readonly item: Item;
  deadline: number;
  /** Breaks ties: who was added first goes first. */
  order: number;
}

/** Weights are asked for anew with each pick of their item; they must be above 0. */
export function createEdfScheduler<Item>(items: readonly Item[], weightOf: (item: Item) => number): EdfScheduler<Item> {
  const heap: Entry<Item>[] = [];
  let time = 0;
  let added = 0;

  const before = (a: Entry<Item>, b: Entry<Item>): boolean =>
    a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);

  const at = (index: number): Entry<Item> | undefined => heap[index];

  const swap = (i: number, j: number): void => {
    const a = at(i);
    const b = at(j);
    if (!a || !b) return;
    heap[i] = b;
    heap[j] = a;
  };

  const isBefore = (i: number, j: number): boolean => {
    const a = at(i);
    const b = at(j);
    return a !== undefined && b !== undefined && before(a, b);
  };

  const siftUp = (start: number): void => {
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!isBefore(i, parent)) return;
      swap(i, parent);
      i = parent;
    }
  };

  const siftDown = (): void => {
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      const child = isBefore(left + 1, left) ? left + 1 : left;
      if (!isBefore(child, i)) return;
      swap(i, child);
      i = child;
    }
  };

  for (const item of items) {
    heap.push({ item, deadline: 1 / weightOf(item), order: added++ });
    siftUp(heap.length - 1);
  }

  return {
    pick: () => {
      const first = heap[0];
      if (!first) return undefined;
      time = first.deadline;
      first.deadline = time + 1 / weightOf(first.item);
      first.order = added++;
      siftDown();
      return first.item;
    },
  };
}
