// What is wrong with objects, alone and beside others: each is checked when it, or what it refers to, has changed.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type Derived, deriveIndex, type Recalled, recall } from '../../lib/incremental/derive.ts';
import { PersistentMap, persistent } from '../../lib/incremental/persistent-map.ts';
import type { Resource, ResourceKind } from '../resources/resource.ts';
import type { SnapshotObjects } from '../resources/snapshot.ts';
import type { GatewayResult } from './build-gateway.ts';
import { checkDestinationRule } from './check-destination-rule.ts';
import { checkEndpointSlice } from './check-endpoint-slice.ts';
import { checkGateway } from './check-gateway.ts';
import { checkServiceEntry } from './check-service-entry.ts';
import { checkVirtualService } from './check-virtual-service.ts';
import { collectFindings, type Findings } from './collect-findings.ts';
import { concernedHosts, keysFor } from './concerned-hosts.ts';
import { resolveShortName } from './host-names.ts';
import type { Model, ModelGateway, ModelService, VirtualServiceResult } from './model.ts';
import { checkDryRun } from './select-authorization-policies.ts';

export interface ModelFindings {
  /** In the order in which they are told. */
  readonly ofObjects: readonly Diagnostic[];
  readonly ofFirstStages: readonly Diagnostic[];
  readonly ofBackends: readonly Diagnostic[];
  readonly ofReferences: readonly Diagnostic[];
  readonly stages: Stages;
}

interface Stages {
  readonly troubled: Readonly<Record<string, Findings<Resource>>>;
  readonly lists: Readonly<Record<'objects' | 'first' | 'backends' | 'references', Recalled<readonly Diagnostic[]>>>;
  readonly slices: Findings<Resource<'EndpointSlice'>>;
  readonly gateways: Findings<GatewayResult>;
  readonly fronts: readonly ModelService[];
  readonly frontedGateways: Findings<ModelGateway>;
  readonly virtualServices: Findings<VirtualServiceResult>;
  readonly entries: Findings<Resource<'ServiceEntry'>>;
  readonly entryHosts: Derived<Resource<'ServiceEntry'>, PersistentMap<Resource<'ServiceEntry'>>>;
  readonly rules: Findings<Resource<'DestinationRule'>>;
  readonly ruleHosts: Derived<Resource<'DestinationRule'>, PersistentMap<Resource<'DestinationRule'>>>;
  readonly references: Findings<VirtualServiceResult>;
  readonly policies: Recalled<readonly Diagnostic[]>;
}

export interface Checked {
  readonly objects: SnapshotObjects;
  readonly gatewayResults: PersistentMap<GatewayResult>;
  /** Services that may stand in front of Gateways. */
  readonly fronts: readonly ModelService[];
}

const itself = <Value>(value: Value): Value => value;
const diagnosticsOf = ({ diagnostics }: { readonly diagnostics: readonly Diagnostic[] }) => diagnostics;

/** What parsing each object found. */
function checkObjects(previous: Stages | undefined, objects: SnapshotObjects): Stages['troubled'] {
  return Object.fromEntries(
    (Object.keys(objects) as readonly ResourceKind[]).map((kind) => [
      kind,
      collectFindings<Resource>(previous?.troubled[kind], persistent<Resource>(objects[kind]), itself, diagnosticsOf),
    ]),
  );
}

const join = (
  previous: Recalled<readonly Diagnostic[]> | undefined,
  lists: readonly (readonly Diagnostic[])[],
): Recalled<readonly Diagnostic[]> => recall(previous, lists, () => lists.flat());

const gatewayOf = ({ gateway }: GatewayResult) => gateway.resource;
const virtualServiceOf = ({ virtualService }: VirtualServiceResult) => virtualService.resource;

export function checkModel(
  previous: ModelFindings | undefined,
  before: Model | undefined,
  model: Model,
  { objects, gatewayResults, fronts }: Checked,
): ModelFindings {
  const known = before === undefined ? undefined : previous?.stages;
  const troubled = checkObjects(known, objects);
  const slices = collectFindings(known?.slices, persistent(objects.EndpointSlice), itself, checkEndpointSlice);
  const gateways = collectFindings(known?.gateways, gatewayResults, gatewayOf, diagnosticsOf);
  const frontedGateways = collectFindings(
    known?.fronts === fronts ? known.frontedGateways : undefined,
    model.gatewaysByKey,
    ({ resource }) => resource,
    (gateway) => checkGateway(fronts, gateway),
  );
  const virtualServices = collectFindings(
    known?.virtualServices,
    model.virtualServices.written,
    virtualServiceOf,
    diagnosticsOf,
  );

  const changedServices =
    before === undefined ? [] : PersistentMap.changesBetween(before.services, model.services).map(({ key }) => key);
  const serviceEntries = persistent(objects.ServiceEntry);
  const entryHosts = deriveIndex(known?.entryHosts, serviceEntries, ({ spec }) => spec.hosts);
  const entries = collectFindings(
    known?.entries,
    serviceEntries,
    itself,
    (entry) => checkServiceEntry(model.services, entry),
    keysFor(new Set(changedServices), entryHosts.output, serviceEntries),
  );
  const destinationRules = persistent(objects.DestinationRule);
  const ruleHosts = deriveIndex(known?.ruleHosts, destinationRules, ({ spec, metadata }) => [
    resolveShortName(spec.host, metadata.namespace),
  ]);
  const rules = collectFindings(
    known?.rules,
    destinationRules,
    itself,
    (rule) => checkDestinationRule(model.services, rule),
    keysFor(new Set(changedServices), ruleHosts.output, destinationRules),
  );

  const { written, writtenTo, byGateway } = model.virtualServices;
  const changedGateways =
    before === undefined ? [] : PersistentMap.changesBetween(before.gatewaysByKey, model.gatewaysByKey);
  const references = collectFindings(
    before?.impliedProxyClasses === model.impliedProxyClasses ? known?.references : undefined,
    written,
    virtualServiceOf,
    ({ virtualService }) => checkVirtualService({ model, gateways: model.impliedProxyClasses }, virtualService),
    [
      ...keysFor(concernedHosts(before, model), writtenTo, written),
      ...changedGateways.flatMap(({ key }) => [...(byGateway.get(key)?.keys() ?? [])]),
    ],
  );
  const policies = recall(known?.policies, [model.authorizationPolicies], () =>
    model.authorizationPolicies.flatMap(checkDryRun),
  );

  const lists = {
    objects: join(
      known?.lists.objects,
      Object.values(troubled).map(({ list }) => list.value),
    ),
    first: join(known?.lists.first, [
      slices.list.value,
      gateways.list.value,
      frontedGateways.list.value,
      virtualServices.list.value,
    ]),
    backends: join(known?.lists.backends, [entries.list.value, rules.list.value]),
    references: join(known?.lists.references, [references.list.value, policies.value]),
  };
  return {
    ofObjects: lists.objects.value,
    ofFirstStages: lists.first.value,
    ofBackends: lists.backends.value,
    ofReferences: lists.references.value,
    stages: {
      troubled,
      lists,
      slices,
      gateways,
      fronts,
      frontedGateways,
      virtualServices,
      entries,
      entryHosts,
      rules,
      ruleHosts,
      references,
      policies,
    },
  };
}
