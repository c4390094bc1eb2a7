// Random mesh settings of what belongs to the mesh, and random Namespaces: mostly such that the other random objects still count.
import fc from 'fast-check';
import { dictionary, type Json, list, nasty, odd, rarely, record, word } from './random-values.fixture.ts';

const label = rarely(fc.constantFrom('env', 'team', 'kubernetes.io/metadata.name'), nasty);
const expression = record({
  key: label,
  operator: rarely(fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'), nasty),
  values: list(rarely(fc.constantFrom('prod', 'default', 'istio-system'), nasty)),
});
const selector: Json = record({ matchLabels: dictionary(label, word), matchExpressions: list(expression) });
const domain = rarely(fc.constantFrom('cluster.local', 'td.example.com', 'old'), nasty);

/** One of them selects everything, in most cases. */
const selectors = list(fc.oneof({ weight: 3, arbitrary: fc.constant({}) as Json }, { weight: 1, arbitrary: selector }));

const meshSettings = record({
  rootNamespace: rarely(fc.constantFrom('istio-system', 'default', 'mesh-config'), nasty),
  trustDomain: domain,
  trustDomainAliases: list(domain),
  discoverySelectors: rarely(selectors, odd),
}).map((mesh) => (): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio', namespace: 'istio-system' },
  data: { mesh: JSON.stringify(mesh) },
}));

const namespace = dictionary(label, rarely(fc.constantFrom('prod', 'stage'), nasty)).map((labels) => (): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'default', labels },
}));

export const meshObject: fc.Arbitrary<() => object> = fc.oneof(meshSettings, namespace);
