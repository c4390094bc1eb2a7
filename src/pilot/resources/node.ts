// Node: where the Pods on it are, as its labels say.

export interface NodeSpec {
  /** '' where nothing is known of it. */
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export const regionLabel = 'topology.kubernetes.io/region';
export const zoneLabel = 'topology.kubernetes.io/zone';
export const subZoneLabel = 'topology.istio.io/subzone';

/** Kubernetes' first names of the labels count where the later ones are not set. */
export const placeOfLabels = (labels: Readonly<Record<string, string>>): NodeSpec => ({
  region: labels[regionLabel] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '',
  zone: labels[zoneLabel] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '',
  subZone: labels[subZoneLabel] ?? '',
});
