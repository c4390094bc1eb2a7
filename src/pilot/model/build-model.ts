// Snapshot → model and Diagnostics: the only place for rules that need more than one object.
import { isDeepStrictEqual } from 'node:util';
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type Resource, type ResourceKind, resourceRef } from '../resources/resource.ts';
import type { ObjectsOfKind, Snapshot, SnapshotObjects } from '../resources/snapshot.ts';
import { buildCertificate, type CertificateResult } from './build-certificate.ts';
import { buildDestinationRules, credentialNames, type DestinationRules } from './build-destination-rules.ts';
import { buildGateway, type GatewayResult } from './build-gateway.ts';
import { buildIngresses } from './build-ingress.ts';
import { buildMeshSettings } from './build-mesh-settings.ts';
import { buildProxyView } from './build-proxy-view.ts';
import { buildRootCertificates, type RootsResult } from './build-root-certificates.ts';
import { buildServices } from './build-services.ts';
import { buildVirtualService, type VirtualServiceResult } from './build-virtual-service.ts';
import { checkDestinationRule } from './check-destination-rule.ts';
import { checkEndpointSlice } from './check-endpoint-slice.ts';
import { checkGateway, mayFront } from './check-gateway.ts';
import { checkPortNames } from './check-port-names.ts';
import { checkServiceEntry } from './check-service-entry.ts';
import { checkVirtualService } from './check-virtual-service.ts';
import { compareResources } from './compare-resources.ts';
import { rootsSuffix } from './credential-names.ts';
import { diagnoseDiscovery, discoverObjects } from './discover-objects.ts';
import { indexNodes } from './locality.ts';
import { mergeDelegates } from './merge-delegates.ts';
import { systemNamespace } from './mesh-settings.ts';
import type { Model, ModelGateway, ModelSecret, ModelVirtualService } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import { mergeDiagnostics } from './report.ts';
import { checkDryRun } from './select-authorization-policies.ts';
import type { FetchedKeys } from './select-request-authentications.ts';

export interface ModelResult {
  readonly model: Model;
  /** Everything known to be wrong: the source's findings, those of each object, and those between objects. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Derived once per object: unchanged objects keep their identity from snapshot to snapshot. */
function memoise<Input extends object, Output>(derive: (input: Input) => Output): (input: Input) => Output {
  const known = new WeakMap<Input, Output>();
  return (input) => {
    const found = known.get(input);
    if (found !== undefined) return found;
    const made = derive(input);
    known.set(input, made);
    return made;
  };
}

const gatewayOf: (resource: Resource<'Gateway'>) => GatewayResult = memoise(buildGateway);
/** By who may have those that do not say it. */
const virtualServices = new WeakMap<Resource<'VirtualService'>, { exportTo: string; result: VirtualServiceResult }>();

function virtualServiceOf(resource: Resource<'VirtualService'>, usual: readonly string[]): VirtualServiceResult {
  const exportTo = usual.join();
  const known = virtualServices.get(resource);
  if (known?.exportTo === exportTo) return known.result;
  const result = buildVirtualService(resource, usual);
  virtualServices.set(resource, { exportTo, result });
  return result;
}

const rootsOf: (resource: Resource<'Secret'>) => RootsResult = memoise(buildRootCertificates);
const certificateOf: (resource: Resource<'Secret'>) => CertificateResult = memoise(buildCertificate);

const inOrder = <Kind extends ResourceKind>(objects: ObjectsOfKind<Kind>): readonly Resource<Kind>[] =>
  [...objects.values()].sort(compareResources);

interface SecretResult {
  readonly kind: string;
}

/** Those with one of the names, in whichever namespace: which proxy may have which comes later. */
function buildSecrets<Result extends SecretResult>(
  previous: ReadonlyMap<string, ModelSecret<Result>> | undefined,
  names: ReadonlySet<string>,
  secrets: ObjectsOfKind<'Secret'>,
  resultOf: (resource: Resource<'Secret'>) => Result,
): ReadonlyMap<string, ModelSecret<Result>> {
  const built = new Map<string, ModelSecret<Result>>();
  for (const [key, resource] of secrets) {
    if (!names.has(resource.metadata.name)) continue;
    const result = resultOf(resource);
    const before = previous?.get(key);
    const good = before === undefined || isProblem(before.result) ? before?.lastGood : goodOf(before.result);
    built.set(key, { ref: resourceRef(resource), result, lastGood: isProblem(result) ? good : undefined, resource });
  }
  return built;
}

const isProblem = ({ kind }: SecretResult): boolean => kind === 'problem';
const goodOf = <Result extends SecretResult>(result: Result) => result as Exclude<Result, { kind: 'problem' }>;

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

function byGateway(
  virtualServices: readonly ModelVirtualService[],
): ReadonlyMap<string, readonly ModelVirtualService[]> {
  const index = new Map<string, ModelVirtualService[]>();
  for (const virtualService of virtualServices)
    for (const key of virtualService.gateways) {
      const list = index.get(key);
      if (list) list.push(virtualService);
      else index.set(key, [virtualService]);
    }
  return index;
}

/**
 * The classes of proxies the Gateways ask for, one per selector: conflicts are found before a proxy connects. Labels and
 * namespace are those of the Service in front of it, where there is one; else Istio's own.
 */
export function impliedProxyClasses(model: Model): readonly ProxyClass[] {
  const selectors = new Map(
    model.gateways.map(({ selector }) => [JSON.stringify(Object.entries(selector).sort()), selector]),
  );
  const services = [...model.services.values()].sort((a, b) => compareResources(a.resource, b.resource));
  return [...selectors.values()].map((selector) => {
    const service = services.find((candidate) => mayFront(candidate, selector));
    return {
      namespace: service?.namespace ?? systemNamespace,
      labels: { ...service?.selector, ...selector },
      localNode: undefined,
    };
  });
}

function objectDiagnostics(objects: SnapshotObjects): readonly Diagnostic[] {
  const kinds: readonly ObjectsOfKind<ResourceKind>[] = Object.values(objects);
  return kinds.flatMap((kind) => inOrder(kind).flatMap(({ diagnostics }) => diagnostics));
}

/**
 * `previous` gives what stays in force where the snapshot is broken: the mesh settings and certificates that were good.
 * `now`: milliseconds since 1970, what the expiry of certificates is compared with. Never throws.
 */
export function buildModel(
  previous: Model | undefined,
  snapshot: Snapshot,
  now: number = Date.now(),
  likeIstio: Model['likeIstio'] = new Set(),
  fetchedKeys: FetchedKeys = new Map(),
): ModelResult {
  const settings = snapshot.objects.ConfigMap.get(`${systemNamespace}/istio`);
  const mesh = buildMeshSettings(previous?.mesh, settings);
  const discovered = discoverObjects(snapshot.objects, mesh.mesh);
  const objects = discovered.seen;
  const gatewayResults = inOrder(objects.Gateway).map(gatewayOf);
  const { defaultExportTo } = mesh.mesh;
  // What they make of every object is in what was derived from it.
  const before = isDeepStrictEqual(previous?.mesh.defaultExportTo, defaultExportTo) ? previous : undefined;
  const virtualServiceResults = inOrder(objects.VirtualService).map((resource) =>
    virtualServiceOf(resource, defaultExportTo.virtualServices),
  );
  const services = buildServices(before?.services, objects, defaultExportTo.services);
  const rules = buildDestinationRules(
    before?.destinationRules,
    inOrder(objects.DestinationRule),
    defaultExportTo.destinationRules,
  );
  const ingress = buildIngresses(objects, mesh.mesh, services, likeIstio);
  const gateways = [...gatewayResults.map(({ gateway }) => gateway), ...ingress.gateways].sort((a, b) =>
    compareResources(a.resource, b.resource),
  );
  const writtenVirtualServices = virtualServiceResults.map(({ virtualService }) => virtualService);
  const delegation = mergeDelegates(writtenVirtualServices, likeIstio);
  const virtualServices = [...delegation.virtualServices, ...ingress.virtualServices].sort((a, b) =>
    compareResources(a.resource, b.resource),
  );
  const model: Model = {
    mesh: mesh.mesh,
    settings,
    likeIstio,
    nodes: indexNodes(objects.Node),
    services,
    destinationRules: rules.destinationRules,
    telemetries: inOrder(objects.Telemetry),
    envoyFilters: inOrder(objects.EnvoyFilter),
    requestAuthentications: inOrder(objects.RequestAuthentication),
    fetchedKeys,
    trafficPolicies: inOrder(objects.TrafficPolicy),
    authorizationPolicies: inOrder(objects.AuthorizationPolicy),
    gateways,
    gatewaysByKey: new Map(gateways.map((gateway) => [gateway.key, gateway])),
    virtualServices,
    virtualServicesByGateway: byGateway(virtualServices),
    certificates: buildSecrets(
      previous?.certificates,
      certificateNames(gateways, rules.destinationRules),
      objects.Secret,
      certificateOf,
    ),
    roots: buildSecrets(previous?.roots, rootNames(gateways, rules.destinationRules), objects.Secret, rootsOf),
    builtAt: now,
  };
  const proxyClasses = impliedProxyClasses(model);
  const views = proxyClasses.map((proxyClass) => buildProxyView(model, proxyClass));
  const diagnostics = mergeDiagnostics(
    snapshot.diagnostics,
    objectDiagnostics(objects),
    mesh.diagnostics,
    diagnoseDiscovery(snapshot.objects, discovered, settings),
    inOrder(objects.EndpointSlice).flatMap(checkEndpointSlice),
    gatewayResults.flatMap((result) => result.diagnostics),
    gateways.flatMap((gateway) => checkGateway(model, gateway)),
    virtualServiceResults.flatMap((result) => result.diagnostics),
    delegation.diagnostics,
    inOrder(objects.ServiceEntry).flatMap((entry) => checkServiceEntry(services, entry)),
    rules.diagnostics,
    inOrder(objects.DestinationRule).flatMap((rule) => checkDestinationRule(services, rule)),
    ingress.diagnostics,
    writtenVirtualServices.flatMap((virtualService) =>
      checkVirtualService({ model, gateways: proxyClasses }, virtualService),
    ),
    inOrder(objects.AuthorizationPolicy).flatMap(checkDryRun),
    views.flatMap((view) => view.diagnostics),
    checkPortNames(views.flatMap((view) => view.clusters)),
  );
  return { model, diagnostics };
}
