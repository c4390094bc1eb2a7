// Which Ingresses are ours to serve, by annotation, IngressClass and the mesh's settings.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';

const ingress = (metadata: string, spec: string): string => `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: i, namespace: default${metadata} }
spec:
  ${spec}
  rules:
    - host: a.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: s, port: { number: 80 } } } }] }
`;
const ingressClass = (name: string, controller: string, isDefault = false): string => `---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: ${name}, annotations: { ingressclass.kubernetes.io/is-default-class: "${isDefault}" } }
spec: { controller: ${controller} }
`;
const mesh = (settings: string): string => `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "${settings}" }
`;
const istio = ingressClass('ours', 'istio.io/ingress-controller');
const annotated = (name: string): string => `, annotations: { kubernetes.io/ingress.class: ${name} }`;

function serves(text: string): boolean {
  const { model } = buildModel(undefined, snapshotFromText({ 'a.yaml': text }));
  return [...model.virtualServices.served.values()].some(({ hosts }) => hosts.includes('a.example.com'));
}

describe('an Ingress', () => {
  for (const [name, text, expected] of [
    ['of a class of ours is served', istio + ingress('', 'ingressClassName: ours'), true],
    ['of a class that is not there is not', ingress('', 'ingressClassName: ours'), false],
    [
      "of another controller's class is not",
      ingressClass('ours', 'x/y') + ingress('', 'ingressClassName: ours'),
      false,
    ],
    ['is served by its annotation', ingress(annotated('istio'), ''), true],
    ['goes by its annotation first', istio + ingress(annotated('nginx'), 'ingressClassName: ours'), false],
    ['goes by the class that the mesh names', mesh('ingressClass: mine') + ingress(annotated('mine'), ''), true],
    ['without a class is not served', istio + ingress('', ''), false],
    [
      'without a class is of the default class',
      ingressClass('d', 'istio.io/ingress-controller', true) + ingress('', ''),
      true,
    ],
    ['without a class is not of the default class of others', ingressClass('d', 'x/y', true) + ingress('', ''), false],
    [
      'without a class is served where the mesh says so',
      mesh('ingressControllerMode: DEFAULT') + ingress('', ''),
      true,
    ],
    [
      'is not served where the mesh says so',
      mesh('ingressControllerMode: OFF') + ingress(annotated('istio'), ''),
      false,
    ],
  ] as const)
    it(name, () => assert.equal(serves(text), expected));

  it('is for the gateways that the mesh names', () => {
    for (const [settings, label] of [
      ['ingressSelector: edge', 'edge'],
      ['ingressService: my-gateway', 'my-gateway'],
      ['ingressService: istio-ingressgateway', 'ingressgateway'],
    ] as const) {
      const text = mesh(settings) + ingress(annotated('istio'), '');
      const { model } = buildModel(undefined, snapshotFromText({ 'a.yaml': text }));
      assert.deepEqual(model.gateways[0]?.selector, { istio: label });
    }
  });
});
