// The numbers behind a cluster's load balancing policy.
import type {
  Cluster,
  Cluster_MaglevLbConfig as MaglevLbConfig,
  Cluster_RingHashLbConfig as RingHashLbConfig,
  Cluster_SlowStartConfig as SlowStartConfig,
} from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { Cluster_RingHashLbConfig_HashFunction as HashFunction } from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { durationMs } from './duration-ms.ts';
import type { LoadBalancingConfig, SlowStart } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { snakeCase, warnUnhandledFields } from './warn-unhandled-fields.ts';

const commonLbFields = new Set(['healthyPanicThreshold', 'localityConfigSpecifier', 'updateMergeWindow']);
const leastRequestFields = new Set(['choiceCount', 'activeRequestBias', 'slowStartConfig']);
const roundRobinFields = new Set(['slowStartConfig']);
const maxRingSize = 8_388_608n;
const maxTableSize = 5_000_011n;

type Balancing = Omit<LoadBalancingConfig, 'overprovisioningFactorPercent'>;

export function convertLoadBalancing(cluster: Cluster, findings: Findings): Balancing {
  const common = cluster.commonLbConfig;
  if (common) warnUnhandledFields(common, commonLbFields, findings.within('Cluster', 'CommonLbConfig'));
  return {
    healthyPanicThresholdPercent: common?.healthyPanicThreshold?.value ?? 50,
    localityWeighted: common?.localityConfigSpecifier.case === 'localityWeightedLbConfig',
    updateMergeWindowMs: durationMs(common?.updateMergeWindow, 1000),
    choiceCount: 2,
    activeRequestBias: 1,
    ringSize: { minimum: 1024, maximum: Number(maxRingSize) },
    tableSize: 65_537,
    ...convertPolicyConfig(cluster.lbConfig, findings),
  };
}

function convertPolicyConfig(config: Cluster['lbConfig'], findings: Findings): Partial<Balancing> {
  switch (config.case) {
    case undefined:
      return {};
    case 'leastRequestLbConfig': {
      const { choiceCount, activeRequestBias, slowStartConfig } = config.value;
      warnUnhandledFields(config.value, leastRequestFields, findings.within('Cluster', 'LeastRequestLbConfig'));
      return {
        ...(choiceCount !== undefined && { choiceCount }),
        ...(activeRequestBias && { activeRequestBias: activeRequestBias.defaultValue }),
        ...convertSlowStart(slowStartConfig),
      };
    }
    case 'roundRobinLbConfig':
      warnUnhandledFields(config.value, roundRobinFields, findings.within('Cluster', 'RoundRobinLbConfig'));
      return convertSlowStart(config.value.slowStartConfig);
    case 'ringHashLbConfig':
      return convertRing(config.value, findings.within('Cluster', 'RingHashLbConfig'));
    case 'maglevLbConfig':
      return convertTable(config.value, findings);
    default:
      findings.warn(`${snakeCase(config.case)} is not supported by the embedded engine: it has no effect`);
      return {};
  }
}

function convertSlowStart(config: SlowStartConfig | undefined): { readonly slowStart?: SlowStart } {
  const windowMs = durationMs(config?.slowStartWindow, 0);
  if (config === undefined || windowMs === 0) return {};
  const aggression = config.aggression?.defaultValue ?? 1;
  return {
    slowStart: {
      windowMs,
      aggression: aggression > 0 ? aggression : 1,
      minimumShare: (config.minWeightPercent?.value ?? 10) / 100,
    },
  };
}

function convertRing(ring: RingHashLbConfig, findings: Findings): Partial<Balancing> {
  const minimum = ring.minimumRingSize ?? 1024n;
  const maximum = ring.maximumRingSize ?? maxRingSize;
  const tooLarge = `value must be less than or equal to ${maxRingSize}`;
  if (minimum > maxRingSize) findings.constraint('RingHashLbConfig', 'MinimumRingSize', tooLarge);
  if (maximum > maxRingSize) findings.constraint('RingHashLbConfig', 'MaximumRingSize', tooLarge);
  if (minimum > maximum) findings.reject(`ring hash: minimum_ring_size (${minimum}) > maximum_ring_size (${maximum})`);
  if (ring.hashFunction !== HashFunction.XX_HASH)
    findings.warn('hash_function MURMUR_HASH_2 is not supported by the embedded engine: XX_HASH is used');
  return { ringSize: { minimum: Number(minimum), maximum: Number(maximum) } };
}

function convertTable(maglev: MaglevLbConfig, findings: Findings): Partial<Balancing> {
  const tableSize = maglev.tableSize ?? 65_537n;
  if (tableSize > maxTableSize)
    findings
      .within('Cluster', 'MaglevLbConfig')
      .constraint('MaglevLbConfig', 'TableSize', `value must be less than or equal to ${maxTableSize}`);
  else if (!isPrime(Number(tableSize))) findings.reject('The table size of maglev must be prime number');
  return { tableSize: Number(tableSize) };
}

function isPrime(value: number): boolean {
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return value > 1;
}
