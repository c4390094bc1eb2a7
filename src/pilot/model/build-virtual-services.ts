// All VirtualServices → those with hosts, the rules of their delegates in place, and who is for which Gateway; an edit costs its own.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import {
  type Derived,
  deriveIndex,
  deriveUnion,
  deriveValues,
  type Recalled,
  recall,
  type Union,
} from '../../lib/incremental/derive.ts';
import { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import type { Resource } from '../resources/resource.ts';
import { buildVirtualService } from './build-virtual-service.ts';
import { inPrecedence } from './compare-resources.ts';
import { checkDelegates, type Delegation, mergeDelegates } from './merge-delegates.ts';
import type { Model, ModelVirtualService, ModelVirtualServices, VirtualServiceResult } from './model.ts';
import { sameList } from './same-list.ts';

/** What the model has of them, and what the next ones are made from. */
export interface VirtualServices {
  readonly result: ModelVirtualServices;
  readonly delegationDiagnostics: readonly Diagnostic[];
  readonly stages: Stages;
}

interface Stages {
  readonly written: Derived<Resource<'VirtualService'>, VirtualServiceResult>;
  readonly settings: Recalled<undefined>;
  readonly delegates: Derived<VirtualServiceResult, ModelVirtualService>;
  readonly merged: Derived<VirtualServiceResult, Delegation>;
  readonly delegations: Derived<Delegation, Delegation>;
  readonly byDelegate: Derived<Delegation, PersistentMap<Delegation>>;
  readonly problems: Recalled<readonly Diagnostic[]>;
  readonly fromIngresses: Recalled<Union<ModelVirtualService>['more']>;
  readonly union: Union<ModelVirtualService>;
  readonly writtenTo: Derived<VirtualServiceResult, PersistentMap<VirtualServiceResult>>;
  readonly servedTo: Derived<ModelVirtualService, PersistentMap<ModelVirtualService>>;
  readonly hosted: Derived<Delegation, ModelVirtualService>;
  readonly byGateway: Derived<ModelVirtualService, PersistentMap<ModelVirtualService>>;
  readonly connections: Derived<ModelVirtualService, ModelVirtualService>;
  readonly connectionsByGateway: Derived<ModelVirtualService, PersistentMap<ModelVirtualService>>;
}

const delegatesOf = ({ http }: ModelVirtualService): readonly string[] =>
  http.flatMap(({ action }) => (action.kind === 'delegate' ? [action.key] : []));

const gatewaysOf = ({ gateways }: ModelVirtualService): readonly string[] => gateways;

export function buildVirtualServices(
  before: VirtualServices | undefined,
  objects: PersistentMap<Resource<'VirtualService'>>,
  ingresses: readonly ModelVirtualService[],
  defaultExportTo: readonly string[],
  likeIstio: Model['likeIstio'],
): VirtualServices {
  const settings = recall(before?.stages.settings, [defaultExportTo.join(), likeIstio], () => undefined);
  const previous = before?.stages.settings === settings ? before : undefined;
  const known = previous?.stages;
  const written = deriveValues(known?.written, objects, (resource) => buildVirtualService(resource, defaultExportTo));
  const delegates = deriveValues(known?.delegates, written.output, ({ virtualService }) =>
    virtualService.hosts.length === 0 ? virtualService : undefined,
  );
  const find = (key: string): ModelVirtualService | undefined => written.output.get(key)?.virtualService;
  const changed = PersistentMap.changesBetween(known?.merged.input ?? PersistentMap.empty(), written.output);
  const again = changed.flatMap(({ key }) => [...(known?.byDelegate.output.get(key)?.keys() ?? [])]);
  const merged = deriveValues(
    known?.merged,
    written.output,
    (result, _key, old) => {
      const delegates = delegatesOf(result.virtualService).map(find);
      const isSame = old?.of === result.virtualService && sameList(old.delegates, delegates);
      return isSame ? old : mergeDelegates(result.virtualService, find, delegates, likeIstio);
    },
    again,
  );
  const delegations = deriveValues(known?.delegations, merged.output, (one) =>
    one.delegates.length > 0 ? one : undefined,
  );
  const byDelegate = deriveIndex(known?.byDelegate, delegations.output, ({ of }) => delegatesOf(of));
  const problems = recall(known?.problems, [delegations.output, delegates.output], () => [
    ...inPrecedence([...delegations.output.values()].map((one) => ({ ...one, resource: one.of.resource }))).flatMap(
      ({ diagnostics }) => diagnostics,
    ),
    ...checkDelegates(
      inPrecedence(delegates.output.values()),
      new Set([...delegations.output.values()].flatMap(({ used }) => used)),
    ),
  ]);
  const hosted = deriveValues(known?.hosted, merged.output, ({ virtualService }) =>
    virtualService.hosts.length > 0 ? virtualService : undefined,
  );
  const fromIngresses = recall(known?.fromIngresses, [ingresses], () =>
    ingresses.map((one) => [ingressKey(one), one] as const),
  );
  const union = deriveUnion(known?.union, hosted.output, fromIngresses.value);
  const served = union.output;
  const writtenTo = deriveIndex(known?.writtenTo, written.output, ({ virtualService }) =>
    destinationsOf(virtualService),
  );
  const servedTo = deriveIndex(known?.servedTo, served, destinationsOf);
  const byGateway = deriveIndex(known?.byGateway, served, gatewaysOf);
  const connections = deriveValues(known?.connections, served, (one) =>
    one.tls.length + one.tcp.length > 0 ? one : undefined,
  );
  const connectionsByGateway = deriveIndex(known?.connectionsByGateway, connections.output, gatewaysOf);
  return {
    result: {
      written: written.output,
      served,
      byGateway: byGateway.output,
      connectionsByGateway: connectionsByGateway.output,
      writtenTo: writtenTo.output,
      servedTo: servedTo.output,
    },
    delegationDiagnostics: problems.value,
    stages: {
      written,
      settings,
      delegates,
      merged,
      delegations,
      byDelegate,
      problems,
      fromIngresses,
      union,
      writtenTo,
      servedTo,
      hosted,
      byGateway,
      connections,
      connectionsByGateway,
    },
  };
}

/** Under names that no object can have. */
const ingressKey = ({ key, hosts }: ModelVirtualService): string => `Ingress ${key} ${hosts.join()}`;

/** Hosts that its routes name, as they are written. */
function destinationsOf({ http, tls, tcp }: ModelVirtualService): readonly string[] {
  const actions = [...http, ...tls, ...tcp].map(({ action }) => action);
  return [
    ...actions.flatMap((action) => (action.kind === 'forward' ? action.destinations.map(({ host }) => host) : [])),
    ...http.flatMap(({ mirrors }) => mirrors?.map(({ host }) => host) ?? []),
  ];
}
