// Which endpoints of a cluster a gateway prefers: groups of one locality each, with a priority and a weight, as Istio orders them.
import type { LocalityLbSetting, RegionFailover } from '../resources/destination-rule.ts';
import { type Locality, networkLabel, type ProxyPlace, parseLocality } from './locality.ts';
import type { LocalityPolicy } from './locality-policy.ts';
import type { ModelEndpoint } from './model.ts';

export interface EndpointGroup<Endpoint extends ModelEndpoint = ModelEndpoint> {
  readonly locality: Locality;
  readonly endpoints: readonly Endpoint[];
  readonly weight: number;
  /** From 0, none left out. */
  readonly priority: number;
}

type Group = EndpointGroup;
const maxWeight = 0xffff_ffff;

const weightOf = (endpoints: readonly ModelEndpoint[]): number =>
  Math.min(
    endpoints.reduce((sum, { weight }) => sum + weight, 0),
    maxWeight,
  );

function groupByLocality<Endpoint extends ModelEndpoint>(
  endpoints: readonly Endpoint[],
): readonly EndpointGroup<Endpoint>[] {
  return [...Map.groupBy(endpoints, ({ locality }) => locality)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([text, members]) => ({
      locality: parseLocality(text),
      endpoints: members,
      weight: weightOf(members),
      priority: 0,
    }));
}

/** The same order, from 0 and without gaps: Envoy refuses others. */
function withoutGaps<Some extends Group>(groups: readonly Some[]): readonly Some[] {
  const used = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
  const ranks = new Map(used.map((priority, rank) => [priority, rank]));
  return groups.map((group) => ({ ...group, priority: ranks.get(group.priority) ?? 0 }));
}

const fits = (part: string, wanted: string | undefined, isOptional: boolean): boolean =>
  wanted === '*' || part === wanted || (isOptional && !wanted);

/** `rule`: `region/zone/subzone`, the later parts optional or `*`. */
function localityFits({ region, zone, subZone }: Locality, rule: string): boolean {
  const [wantedRegion, wantedZone, wantedSubZone] = rule.split('/');
  return fits(region, wantedRegion, false) && fits(zone, wantedZone, true) && fits(subZone, wantedSubZone, true);
}

/** The first `from` that the gateway is in says how much which localities get; the others get nothing. */
function distribute<Some extends Group>(
  groups: readonly Some[],
  rules: LocalityLbSetting['distribute'],
  place: Locality,
): readonly Some[] {
  const rule = rules.find(({ from }) => localityFits(place, from));
  if (rule === undefined) return groups;
  const shareOf = ({ locality }: Group) => rule.to.find((to) => localityFits(locality, to.locality));
  return groups.flatMap((group) => {
    const share = shareOf(group);
    if (share === undefined) return [];
    const total = groups.reduce((sum, other) => sum + (shareOf(other) === share ? other.weight : 0), 0);
    return [{ ...group, weight: Math.ceil((group.weight * share.weight) / total) }];
  });
}

/** 0: the same subzone, 1: zone, 2: region, 3: another one, or the one that takes over; 4: yet another. */
function distance(place: Locality, there: Locality, failover: readonly RegionFailover[]): number {
  if (place.region === there.region) {
    if (place.zone !== there.zone) return 2;
    return place.subZone === there.subZone ? 0 : 1;
  }
  const rule = failover.find(({ from }) => from === place.region);
  return rule === undefined || rule.to === there.region ? 3 : 4;
}

/** Zones of a region are left to the data plane. */
function regionDistance(place: Locality, there: Locality, failover: readonly RegionFailover[]): number {
  if (place.region === there.region) return 0;
  const rule = failover.find(({ from }) => from === place.region);
  return rule?.to === there.region ? 1 : 2;
}

/** Within the priorities that there are. */
function orderBy<Some extends Group>(
  groups: readonly Some[],
  distanceOf: (there: Locality) => number,
  distances: number,
): readonly Some[] {
  return withoutGaps(
    groups.map((group) => ({ ...group, priority: group.priority * distances + distanceOf(group.locality) })),
  );
}

/** How early an endpoint's labels differ from those wanted; another network puts it behind all of the gateway's own. */
function labelPriority(
  endpoint: ModelEndpoint,
  wanted: readonly (readonly [name: string, value: string])[],
  networkFirst: boolean,
): number {
  const differs = wanted.map(([name, value]) => value !== (endpoint.labels[name] ?? ''));
  const isFar = networkFirst && differs[0] === true;
  const first = differs.findIndex((isOther, i) => isOther && !(isFar && i === 0));
  return (first < 0 ? 0 : wanted.length - first) + (isFar ? wanted.length : 0);
}

function orderByLabels<Endpoint extends ModelEndpoint>(
  groups: readonly EndpointGroup<Endpoint>[],
  failoverPriority: readonly string[],
  { labels }: ProxyPlace,
): readonly EndpointGroup<Endpoint>[] {
  // `label=value` asks for that value instead of the gateway's own.
  const values = new Map(
    failoverPriority.flatMap((text) => {
      const [name = '', value, ...rest] = text.split('=');
      return value === undefined || rest.length > 0 ? [] : [[name, value] as const];
    }),
  );
  const wanted = failoverPriority.map((text) => {
    const [name = ''] = text.split('=');
    return [name, values.get(name) ?? labels[name] ?? ''] as const;
  });
  const networkFirst = failoverPriority[0] === networkLabel;
  return withoutGaps(
    groups.flatMap((group) =>
      [...Map.groupBy(group.endpoints, (endpoint) => labelPriority(endpoint, wanted, networkFirst))]
        .sort(([a], [b]) => a - b)
        .map(([priority, endpoints]) => ({ ...group, endpoints, weight: weightOf(endpoints), priority })),
    ),
  );
}

export interface OrderOptions {
  readonly policy: LocalityPolicy | undefined;
  readonly place: ProxyPlace;
  /** Outlier detection, without which nothing would tell that a locality fails. */
  readonly detectsFailures: boolean;
}

export function orderLocalities<Endpoint extends ModelEndpoint>(
  endpoints: readonly Endpoint[],
  { policy, place, detectsFailures }: OrderOptions,
): readonly EndpointGroup<Endpoint>[] {
  const groups = groupByLocality(endpoints);
  if (policy === undefined) return groups;
  const byLabels = (): readonly EndpointGroup<Endpoint>[] =>
    policy.setting.failoverPriority.length === 0
      ? groups
      : orderByLabels(groups, policy.setting.failoverPriority, place);
  const { failover, failoverPriority } = policy.setting;
  if (policy.kind === 'zone aware')
    return policy.setting.enabled
      ? orderBy(byLabels(), (there) => regionDistance(place.locality, there, failover), 3)
      : groups;
  if (policy.setting.distribute.length > 0) return distribute(groups, policy.setting.distribute, place.locality);
  if (!detectsFailures && !policy.always) return groups;
  if (failoverPriority.length > 0 && failover.length === 0) return byLabels();
  return orderBy(byLabels(), (there) => distance(place.locality, there, failover), 5);
}
