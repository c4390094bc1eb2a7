// Pods by name and by address: whose labels an endpoint has.
import type { SliceEndpoint } from '../resources/endpoints.ts';
import type { Resource } from '../resources/resource.ts';
import { type ObjectsOfKind, objectKey } from '../resources/snapshot.ts';

export interface PodIndex {
  /** The Pod that an endpoint names, else the one of the namespace with its address, as in Istio. */
  behind(namespace: string, address: string, targetRef: SliceEndpoint['targetRef']): Resource<'Pod'> | undefined;
  inNamespace(namespace: string): readonly Resource<'Pod'>[];
}

export function indexPods(pods: ObjectsOfKind<'Pod'>): PodIndex {
  const byNamespace = Map.groupBy(pods.values(), ({ metadata }) => metadata.namespace);
  const byAddress = new Map<string, Resource<'Pod'>>();
  for (const pod of pods.values()) {
    const key = objectKey(pod.metadata.namespace, pod.spec.podIP ?? '');
    if (!byAddress.has(key)) byAddress.set(key, pod);
  }
  return {
    behind: (namespace, address, targetRef) =>
      targetRef?.kind === 'Pod'
        ? pods.get(objectKey(targetRef.namespace, targetRef.name))
        : byAddress.get(objectKey(namespace, address)),
    inNamespace: (namespace) => byNamespace.get(namespace) ?? [],
  };
}
