// Answers by their status, counted once each; what Envoy calls them by class and in sum is derived when somebody reads.
import type { NamedNumber } from './snapshot.ts';

export interface CodeCounter {
  count(status: number): void;
  /** `upstream_rq_completed`, `upstream_rq_5xx`, `upstream_rq_503`, each behind the prefix. */
  names(prefix: string): readonly NamedNumber[];
}

export function createCodeCounter(): CodeCounter {
  const byStatus = new Map<number, number>();
  return {
    count: (status) => void byStatus.set(status, (byStatus.get(status) ?? 0) + 1),
    names: (prefix) => {
      const numbers = new Map<string, number>();
      const add = (name: string, count: number): void => void numbers.set(name, (numbers.get(name) ?? 0) + count);
      for (const [status, count] of byStatus) {
        add('completed', count);
        if (status >= 100 && status < 600) add(`${Math.floor(status / 100)}xx`, count);
        add(String(status), count);
      }
      return [...numbers].map(([name, count]) => [`${prefix}upstream_rq_${name}`, count]);
    },
  };
}

export function addUp(...lists: readonly (readonly NamedNumber[])[]): readonly NamedNumber[] {
  const sums = new Map<string, number>();
  for (const [name, count] of lists.flat()) sums.set(name, (sums.get(name) ?? 0) + count);
  return [...sums];
}
