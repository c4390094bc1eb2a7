// Istio's settings of Envoy's statistics: which tags are taken out of their names, and which statistics exist at all.
import type { JsonObject } from '@bufbuild/protobuf';

/** Tag → pattern, in Istio's order; the first group is what is cut out of the name, the second is the value. */
const tags: readonly (readonly [string, string])[] = [
  ['cluster_name', '^cluster\\.((.+?(\\..+?\\.svc\\.cluster\\.local)?)\\.)'],
  ['tcp_prefix', '^tcp\\.((.*?)\\.)\\w+?$'],
  ['response_code', '(response_code=\\.=(.+?);\\.;)|_rq(_(\\.d{3}))$'],
  ['response_code_class', '_rq(_(\\dxx))$'],
  [
    'http_conn_manager_listener_prefix',
    '^listener(?=\\.).*?\\.http\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)',
  ],
  ['http_conn_manager_prefix', '^http\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)'],
  ['listener_address', '^listener\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)'],
  ['mongo_prefix', '^mongo\\.(.+?)\\.(collection|cmd|cx_|op_|delays_|decoding_)(.*?)$'],
];

/** Istio's own list is the first six; the rest is what our drain and our metrics read. */
const includedPrefixes = [
  'reporter=',
  'cluster_manager',
  'listener_manager',
  'server',
  'cluster.xds-grpc',
  'component',
  'runtime',
  'control_plane',
  'listener.',
  'http.',
  'tcp.',
] as const;

export function statsSettings(extraPrefixes: readonly string[]): JsonObject {
  return {
    use_all_default_tags: false,
    stats_tags: tags.map(([tag_name, regex]) => ({ tag_name, regex })),
    stats_matcher: {
      inclusion_list: { patterns: [...includedPrefixes, ...extraPrefixes].map((prefix) => ({ prefix })) },
    },
  };
}
