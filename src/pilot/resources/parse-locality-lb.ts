// localityLbSetting and zoneAwareLbSetting, of traffic policies and of the mesh: unknown -> LocalityLbSetting, ZoneAwareLbSetting.
import type { LocalityLbSetting, RegionFailover, ZoneAwareLbSetting } from './destination-rule.ts';
import { fromToFields } from './destination-rule-fields.ts';
import {
  booleanField,
  givenField,
  integerField,
  messagesField,
  reportMissing,
  stringField,
  stringsField,
} from './fields.ts';
import { describe, isRecord, type Message, reportInvalid, shorten } from './message.ts';
import { regionLabel, subZoneLabel, zoneLabel } from './node.ts';
import type { FieldPath } from './resource.ts';

type Distribute = LocalityLbSetting['distribute'][number];

const NOT_USED = 'The setting is not used.';
const LEFT_OUT = 'It is left out.';
const all = 100;
const maxUint32 = 0xffff_ffff;

/** Labels that say where an endpoint is: what `failover` and zones go by. */
const placeLabels: ReadonlySet<string> = new Set([regionLabel, zoneLabel, subZoneLabel]);

/** Undefined where it cannot be done as written: Istio refuses the whole object. */
export function parseLocalityLb(message: Message): LocalityLbSetting | undefined {
  const enabled = booleanField(message, 'enabled') ?? true;
  const distribute = messagesField(message, 'distribute', fromToFields, parseDistribute);
  const failover = parseFailover(message);
  const failoverPriority = stringsField(message, 'failoverPriority');
  const overlap = distribute.findIndex(({ from }, i) =>
    distribute.slice(0, i).some((earlier) => overlaps(earlier.from, from)),
  );
  if (overlap >= 0) reportOverlap(message, [...message.path, 'distribute', overlap, 'from']);
  const besideDistribute = failover.length > 0 ? 'failover' : failoverPriority.length > 0 ? 'failoverPriority' : '';
  if (distribute.length > 0 && besideDistribute !== '')
    reportInvalid(
      message.context,
      [...message.path, besideDistribute],
      'stands beside distribute',
      besideDistribute === 'failover' ? NOT_USED : 'It has no effect.',
      'Keep one of them: with distribute no locality takes over for another.',
    );
  const doubled = failover.length > 0 ? failoverPriority.findIndex((name) => placeLabels.has(name)) : -1;
  if (doubled >= 0)
    reportInvalid(
      message.context,
      [...message.path, 'failoverPriority', doubled],
      `is ${failoverPriority[doubled]}, which failover goes by`,
      NOT_USED,
      'Keep failover, or order by labels alone.',
    );
  const isContradictory = doubled >= 0 || (distribute.length > 0 && failover.length > 0);
  // With a part of the shares the others would get what nobody gave them.
  if (overlap >= 0 || isContradictory || message.broken.has('distribute')) return undefined;
  return { enabled, distribute, failover, failoverPriority };
}

export function parseZoneAwareLb(message: Message): ZoneAwareLbSetting | undefined {
  const enabled = booleanField(message, 'enabled') ?? true;
  const failover = parseFailover(message);
  const failoverPriority = stringsField(message, 'failoverPriority', (name, path) => {
    if (!placeLabels.has(name)) return true;
    const remedy = 'Remove it, and order regions by failover.';
    reportInvalid(message.context, path, `is ${name}, which zone-aware balancing goes by itself`, LEFT_OUT, remedy);
    return false;
  });
  const minClusterSize = integerField(message, 'minClusterSize', 0, maxUint32);
  return { enabled, failover, failoverPriority, minClusterSize };
}

function parseFailover(message: Message): readonly RegionFailover[] {
  return messagesField(message, 'failover', fromToFields, (item) => {
    const from = stringField(item, 'from') ?? '';
    const to = stringField(item, 'to') ?? '';
    const wrong = (['from', 'to'] as const).find((name) => /[/*]/.test(name === 'from' ? from : to));
    if (wrong !== undefined) {
      const what = `is ${shorten(wrong === 'from' ? from : to)}, no region`;
      const remedy = 'Write the name of a region alone: zones take over for each other anyway.';
      reportInvalid(message.context, [...item.path, wrong], what, LEFT_OUT, remedy);
      return undefined;
    }
    if (from !== to) return { from, to };
    reportInvalid(message.context, [...item.path, 'to'], 'is the region it is for', LEFT_OUT, 'Name another region.');
    return undefined;
  });
}

function parseDistribute(item: Message): Distribute | undefined {
  const from = stringField(item, 'from') ?? '';
  const isFrom = isLocality(item, from, [...item.path, 'from']);
  const to = parseWeights(item);
  if (!isFrom || to === undefined) return undefined;
  const sum = to.reduce((total, { weight }) => total + weight, 0);
  const path = [...item.path, 'to'];
  if (sum !== all) {
    reportInvalid(item.context, path, `has weights of together ${sum}, not 100`, NOT_USED, 'Make them 100.');
    return undefined;
  }
  const twice = to.find(({ locality }, i) => to.slice(0, i).some((earlier) => overlaps(earlier.locality, locality)));
  if (twice === undefined) return { from, to };
  reportOverlap(item, [...path, twice.locality]);
  return undefined;
}

function parseWeights(item: Message): Distribute['to'] | undefined {
  const given = givenField(item, 'to');
  if (given === undefined) {
    reportMissing(item, 'to', NOT_USED, 'Say which localities get how much, together 100.');
    return undefined;
  }
  if (!isRecord(given)) {
    const what = `is ${describe(given)} where a map is expected`;
    reportInvalid(item.context, [...item.path, 'to'], what, NOT_USED, 'Write `locality: weight` lines here.');
    return undefined;
  }
  const weights: { readonly locality: string; readonly weight: number }[] = [];
  for (const [locality, weight] of Object.entries(given)) {
    const path = [...item.path, 'to', locality];
    if (!isLocality(item, locality, path)) return undefined;
    if (typeof weight !== 'number' || !Number.isInteger(weight) || weight < 1 || weight > all) {
      reportInvalid(item.context, path, 'is no weight', NOT_USED, 'Write a whole number from 1 to 100.');
      return undefined;
    }
    weights.push({ locality, weight });
  }
  return weights;
}

/** `region/zone/subzone`, the later parts optional, `*` only at the end. */
function isLocality(message: Message, text: string, path: FieldPath): boolean {
  const [region, zone, ...rest] = text.split('/');
  const parts = [region, zone, ...(rest.length === 0 ? [] : [rest.join('/')])].filter((part) => part !== undefined);
  const stars = text.split('*').length - 1;
  if (parts.every((part) => part !== '') && (stars === 0 || (stars === 1 && text.endsWith('*')))) return true;
  const remedy = 'Write region/zone/subzone, with `*` at the end at most: eu-west, eu-west/a, eu-west/*.';
  reportInvalid(message.context, path, `is ${shorten(text)}, no locality`, NOT_USED, remedy);
  return false;
}

/** Whether the earlier one takes some of what the later one is for, other than as the special case of it. */
function overlaps(earlier: string, later: string): boolean {
  const [a, b] = [earlier.split('/'), later.split('/')];
  for (let i = 0; i < 3; i++) {
    if (a[i] === undefined || a[i] === '*' || b[i] === undefined) return true;
    if (a[i] !== b[i]) return false;
  }
  return true;
}

function reportOverlap(message: Message, path: FieldPath): void {
  const remedy = 'Name each locality once, those that stand for more than others last.';
  reportInvalid(message.context, path, 'is in a locality named before', NOT_USED, remedy);
}
