// Fifth step of a request: which of a route's weighted clusters gets it.
import type { WeightedClusters, WeightedEntry } from '../config/engine-config.ts';

/** Picks in proportion to the weights; `random` gives a number in [0, 1). Undefined only where there is no weight at all. */
export function pickCluster(clusters: WeightedClusters, random: () => number): WeightedEntry | undefined {
  const { entries, totalWeight } = clusters;
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only) return only;
  let rest = Math.floor(random() * totalWeight);
  for (const entry of entries) {
    if (rest < entry.weight) return entry;
    rest -= entry.weight;
  }
  return undefined;
}
