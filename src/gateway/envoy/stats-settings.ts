// Envoy's statistics as its bootstrap sets them: which tags are taken out of their names, and which statistics exist at all.
import type { JsonObject } from '@bufbuild/protobuf';
import { statTags } from '../statistics/stat-tags.ts';

/** Istio keeps the first six. The rest is what its users look at first, and what our drain reads. */
const includedPrefixes = [
  'reporter=',
  'cluster_manager',
  'listener_manager',
  'server',
  'component',
  'runtime',
  'control_plane',
  'listener.',
  'http.',
  'tcp.',
  'cluster.',
  'vhost.',
  'http_local_rate_limiter.',
] as const;

export function statsSettings(extraPrefixes: readonly string[]): JsonObject {
  return {
    use_all_default_tags: false,
    stats_tags: statTags.map(({ name, pattern }) => ({ tag_name: name, regex: pattern })),
    stats_matcher: {
      inclusion_list: { patterns: [...includedPrefixes, ...extraPrefixes].map((prefix) => ({ prefix })) },
    },
  };
}
