// Fifth step of a request: which of a route's weighted clusters gets it.
import type { WeightedClusters } from '../config/engine-config.ts';

/** Picks in proportion to the weights; `random` gives a number in [0, 1). Undefined only where there is no weight at all. */
export function pickCluster(clusters: WeightedClusters, random: () => number): string | undefined {
  const { entries, totalWeight } = clusters;
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only) return only.cluster;
  let rest = Math.floor(random() * totalWeight);
  for (const { cluster, weight } of entries) {
    if (rest < weight) return cluster;
    rest -= weight;
  }
  return undefined;
}
