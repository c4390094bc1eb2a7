// Snapshot → model and Diagnostics: the only place for rules that need more than one object. A change costs what it changes.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import {
  type Derived,
  deriveSorted,
  deriveUnion,
  deriveValues,
  type Recalled,
  recall,
  type Sorted,
  type Union,
} from '../../lib/incremental/derive.ts';
import { type PersistentMap, persistent } from '../../lib/incremental/persistent-map.ts';
import { type RouteMode, sharedRoutes } from '../../lib/route-mode.ts';
import type { Resource } from '../resources/resource.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { buildCertificate, type CertificateResult } from './build-certificate.ts';
import {
  buildDestinationRules,
  credentialNames,
  type DestinationRules,
  type DestinationRulesResult,
} from './build-destination-rules.ts';
import { buildGateway, type GatewayResult } from './build-gateway.ts';
import { buildIngresses, type IngressResult } from './build-ingress.ts';
import { buildMeshSettings } from './build-mesh-settings.ts';
import { buildProxyView, followViews } from './build-proxy-view.ts';
import { buildRootCertificates, type RootsResult } from './build-root-certificates.ts';
import { buildSecrets, type Secrets } from './build-secrets.ts';
import { buildServices, type Services } from './build-services.ts';
import { buildVirtualServices, type VirtualServices } from './build-virtual-services.ts';
import { mayFront } from './check-gateway.ts';
import { checkModel, type ModelFindings } from './check-model.ts';
import { compareResources, inPrecedence } from './compare-resources.ts';
import { rootsSuffix } from './credential-names.ts';
import { type Discovered, diagnoseDiscovery, discoverObjects } from './discover-objects.ts';
import { indexNodes } from './locality.ts';
import { type MeshSettings, systemNamespace } from './mesh-settings.ts';
import type { Model, ModelGateway, ModelService } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import { mergeDiagnostics } from './report.ts';
import type { FetchedKeys } from './select-request-authentications.ts';

export interface ModelResult {
  readonly model: Model;
  /** Everything known to be wrong: the source's findings, those of each object, and those between objects. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What a model was made of on the way: the next one is made from it. */
interface Stages {
  readonly discovered: Discovered;
  readonly undiscovered: Recalled<readonly Diagnostic[]>;
  readonly likeIstio: Recalled<Model['likeIstio']>;
  readonly mesh: Recalled<{ readonly mesh: MeshSettings; readonly diagnostics: readonly Diagnostic[] }>;
  readonly services: Services;
  readonly virtualServices: VirtualServices;
  readonly rules: Recalled<DestinationRulesResult>;
  readonly ingress: Recalled<IngressResult>;
  readonly gatewayResults: Derived<Resource<'Gateway'>, GatewayResult>;
  readonly writtenGateways: Derived<GatewayResult, ModelGateway>;
  readonly ingressGateways: Recalled<Union<ModelGateway>['more']>;
  readonly gateways: Union<ModelGateway>;
  readonly gatewaysInOrder: Sorted<ModelGateway>;
  readonly certificateNames: Recalled<ReadonlySet<string>>;
  readonly rootNames: Recalled<ReadonlySet<string>>;
  readonly certificates: Secrets<CertificateResult>;
  readonly roots: Secrets<RootsResult>;
  readonly fronts: Fronts;
  readonly inOrder: InOrder;
  readonly findings: ModelFindings;
  readonly diagnostics: Recalled<readonly Diagnostic[]>;
}

const stagesOf = new WeakMap<Model, Stages>();

/** Kinds of which there are few: sorted as a whole when one changes. */
const fewKinds = [
  'Telemetry',
  'EnvoyFilter',
  'RequestAuthentication',
  'TrafficPolicy',
  'AuthorizationPolicy',
  'DestinationRule',
] as const;
type FewKind = (typeof fewKinds)[number];
type InOrder = { readonly [Kind in FewKind]: Recalled<readonly Resource<Kind>[]> };

function sortFew(previous: InOrder | undefined, objects: Snapshot['objects']): InOrder {
  const lists = fewKinds.map((kind) => {
    const known: Recalled<readonly Resource[]> | undefined = previous?.[kind];
    return [
      kind,
      recall<readonly Resource[]>(known, [objects[kind]], () => inPrecedence<Resource>(objects[kind].values())),
    ] as const;
  });
  return Object.fromEntries(lists) as unknown as InOrder;
}

const tlsOf = (gateways: readonly ModelGateway[]) =>
  gateways.flatMap(({ servers }) => servers.flatMap(({ tls }) => tls ?? []));

const certificateNames = (gateways: readonly ModelGateway[], rules: DestinationRules): ReadonlySet<string> =>
  new Set([
    ...tlsOf(gateways).flatMap(({ certificates }) =>
      certificates.flatMap((one) => (one.kind === 'secret' ? [one.name] : [])),
    ),
    ...credentialNames(rules),
  ]);

/** A Secret of their own wins over the one with the certificate. */
const rootNames = (gateways: readonly ModelGateway[], rules: DestinationRules): ReadonlySet<string> =>
  new Set(
    [
      ...tlsOf(gateways).flatMap(({ validation }) =>
        validation?.roots.kind === 'secret' ? validation.roots.name : [],
      ),
      ...credentialNames(rules),
    ].flatMap((name) => [name, `${name}${rootsSuffix}`]),
  );

/** Services that may stand in front of gateways, and the classes of proxies that these come to. */
interface Fronts {
  readonly selectors: Recalled<readonly ModelGateway['selector'][]>;
  readonly candidates: Derived<ModelService, ModelService>;
  readonly inOrder: Recalled<readonly ModelService[]>;
  readonly proxyClasses: Recalled<readonly ProxyClass[]>;
}

function findFronts(
  previous: Fronts | undefined,
  gateways: readonly ModelGateway[],
  services: PersistentMap<ModelService>,
): Fronts {
  const unique = () =>
    new Map(gateways.map(({ selector }) => [JSON.stringify(Object.entries(selector).sort()), selector]));
  const found = recall(previous?.selectors, [gateways], () => [...unique().values()]);
  const same = JSON.stringify(found.value) === JSON.stringify(previous?.selectors.value);
  const selectors = previous && same ? { of: found.of, value: previous.selectors.value } : found;
  const known = same ? previous : undefined;
  const candidates = deriveValues(known?.candidates, services, (service) =>
    selectors.value.some((selector) => mayFront(service, selector)) ? service : undefined,
  );
  const inOrder = recall(previous?.inOrder, [candidates.output], () => inPrecedence(candidates.output.values()));
  const proxyClasses = recall(previous?.proxyClasses, [selectors.value, inOrder.value], () =>
    selectors.value.map((selector) => proxyClassOf(selector, inOrder.value)),
  );
  return { selectors, candidates, inOrder, proxyClasses };
}

/**
 * Of the proxies that Gateways with the selector are for: conflicts are found before one connects. Labels and namespace are
 * those of the Service in front of it, where there is one; else Istio's own.
 */
function proxyClassOf(selector: ModelGateway['selector'], services: readonly ModelService[]): ProxyClass {
  const service = services.find((candidate) => mayFront(candidate, selector));
  return {
    namespace: service?.namespace ?? systemNamespace,
    labels: { ...service?.selector, ...selector },
    localNode: undefined,
  };
}

const byPrecedence = (a: ModelGateway, b: ModelGateway): number => compareResources(a.resource, b.resource);

/**
 * `previous` gives what stays in force where the snapshot is broken: the mesh settings and certificates that were good; and
 * everything that would come out the same. `now`: milliseconds since 1970, what the expiry of certificates is compared with.
 * Never throws.
 */
export function buildModel(
  previous: Model | undefined,
  snapshot: Snapshot,
  now: number = Date.now(),
  behaviors: Model['likeIstio'] = new Set(),
  fetchedKeys: FetchedKeys = new Map(),
  routeMode: RouteMode = sharedRoutes,
): ModelResult {
  const known = previous && stagesOf.get(previous);
  const chosen = recall(known?.likeIstio, [[...behaviors].sort().join()], () => behaviors);
  const likeIstio = chosen.value;
  const configMap = snapshot.objects.ConfigMap.get(`${systemNamespace}/istio`);
  const mesh = recall(known?.mesh, [configMap], () => buildMeshSettings(previous?.mesh, configMap));
  const discovered = discoverObjects(snapshot.objects, mesh.value.mesh, known?.discovered);
  const objects = discovered.seen;
  const undiscovered = recall(
    known?.undiscovered,
    [configMap, discovered.seen, ...Object.values(snapshot.objects)],
    () => diagnoseDiscovery(snapshot.objects, discovered, configMap),
  );
  const { defaultExportTo } = mesh.value.mesh;
  const inOrder = sortFew(known?.inOrder, objects);
  const services = buildServices(known?.services, objects, defaultExportTo.services);
  const exportedRules = defaultExportTo.destinationRules.join();
  const rules = recall(known?.rules, [inOrder.DestinationRule.value, exportedRules], () =>
    buildDestinationRules(
      known?.rules.of[1] === exportedRules ? previous?.destinationRules : undefined,
      inOrder.DestinationRule.value,
      defaultExportTo.destinationRules,
    ),
  );
  const hasIngresses = objects.Ingress.size > 0;
  const ingress = recall(
    known?.ingress,
    [
      objects.Ingress,
      ...(hasIngresses ? [objects.IngressClass, objects.Secret, mesh.value.mesh, services.shapes.output] : []),
      likeIstio,
    ],
    () => buildIngresses(objects, mesh.value.mesh, services.shapes.output, likeIstio),
  );
  const virtualServices = buildVirtualServices(
    known?.virtualServices,
    persistent(objects.VirtualService),
    ingress.value.virtualServices,
    defaultExportTo.virtualServices,
    likeIstio,
  );
  const gatewayResults = deriveValues(known?.gatewayResults, persistent(objects.Gateway), buildGateway);
  const writtenGateways = deriveValues(known?.writtenGateways, gatewayResults.output, ({ gateway }) => gateway);
  const ingressGateways = recall(known?.ingressGateways, [ingress.value], () =>
    ingress.value.gateways.map((gateway) => [gateway.key, gateway] as const),
  );
  const gateways = deriveUnion(known?.gateways, writtenGateways.output, ingressGateways.value);
  const gatewaysInOrder = deriveSorted(known?.gatewaysInOrder, gateways.output, byPrecedence);
  const fronts = findFronts(known?.fronts, gatewaysInOrder.output, services.shapes.output);
  const users = [gatewaysInOrder.output, rules.value.destinationRules];
  const certificatesNamed = recall(known?.certificateNames, users, () =>
    certificateNames(gatewaysInOrder.output, rules.value.destinationRules),
  );
  const rootsNamed = recall(known?.rootNames, users, () =>
    rootNames(gatewaysInOrder.output, rules.value.destinationRules),
  );
  const secrets = persistent(objects.Secret);
  const certificates = buildSecrets(known?.certificates, certificatesNamed.value, secrets, buildCertificate);
  const roots = buildSecrets(known?.roots, rootsNamed.value, secrets, buildRootCertificates);
  const model: Model = {
    mesh: mesh.value.mesh,
    settings: configMap,
    likeIstio,
    routeMode,
    nodes: indexNodes(objects.Node),
    services: services.byHost,
    serviceShapes: services.shapes.output,
    aliases: services.aliases.output,
    destinationRules: rules.value.destinationRules,
    telemetries: inOrder.Telemetry.value,
    envoyFilters: inOrder.EnvoyFilter.value,
    requestAuthentications: inOrder.RequestAuthentication.value,
    fetchedKeys,
    trafficPolicies: inOrder.TrafficPolicy.value,
    authorizationPolicies: inOrder.AuthorizationPolicy.value,
    gateways: gatewaysInOrder.output,
    gatewaysByKey: gateways.output,
    impliedProxyClasses: fronts.proxyClasses.value,
    virtualServices: virtualServices.result,
    certificates: certificates.built.output,
    roots: roots.built.output,
    lineage: followViews(previous),
    moves: snapshot.moves,
    builtAt: now,
  };
  const findings = checkModel(known?.findings, previous, model, {
    objects,
    gatewayResults: gatewayResults.output,
    fronts: fronts.inOrder.value,
  });
  const proxyViews = model.impliedProxyClasses.map((proxyClass) => buildProxyView(model, proxyClass));
  const lists = [
    snapshot.diagnostics,
    findings.ofObjects,
    mesh.value.diagnostics,
    undiscovered.value,
    findings.ofFirstStages,
    virtualServices.delegationDiagnostics,
    findings.ofBackends,
    rules.value.diagnostics,
    ingress.value.diagnostics,
    findings.ofReferences,
    ...proxyViews.map((view) => view.diagnostics),
  ];
  // Objects that moved in their files are where they are now.
  const diagnostics = recall(known?.diagnostics, [snapshot.moves, ...lists], () => mergeDiagnostics(...lists));
  stagesOf.set(model, {
    likeIstio: chosen,
    discovered,
    undiscovered,
    mesh,
    services,
    virtualServices,
    rules,
    ingress,
    gatewayResults,
    writtenGateways,
    ingressGateways,
    gateways,
    gatewaysInOrder,
    certificateNames: certificatesNamed,
    rootNames: rootsNamed,
    certificates,
    roots,
    fronts,
    inOrder,
    findings,
    diagnostics,
  });
  return { model, diagnostics: diagnostics.value };
}
