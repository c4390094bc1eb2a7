// What is taken out of the names of statistics and told as tags: Istio's patterns, which both data planes go by.

export interface StatTag {
  readonly name: string;
  /** The first group is what is cut out of the name, the second is the value. Both of ECMAScript, as Envoy reads them. */
  readonly pattern: string;
  /** Where a name is without it, the pattern is not in it either. */
  readonly contains?: string;
}

/** In order: each works on what the ones before have left. */
export const statTags: readonly StatTag[] = [
  { name: 'cluster_name', pattern: '^cluster(\\.(.+);)' },
  {
    name: 'http_conn_manager_prefix',
    pattern: '^http\\.(((?:[_.[:digit:]\\w]*|[_\\[\\]aAbBcCdDeEfF[:digit:]\\w\\:]*));\\.)',
  },
  { name: 'thread_name', pattern: '^server(\\.(.+))\\.watchdog' },
  { name: 'tcp_prefix', pattern: '^tcp\\.((.*?)\\.)\\w+?$' },
  { name: 'response_code', pattern: '_rq(_(\\d{3}))$', contains: '_rq_' },
  { name: 'response_code_class', pattern: '_rq(_(\\dxx))$', contains: '_rq_' },
  {
    name: 'http_conn_manager_listener_prefix',
    pattern: '^listener(?=\\.).*?\\.http\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)',
  },
  {
    name: 'listener_address',
    pattern: '^listener\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)',
  },
  { name: 'mongo_prefix', pattern: '^mongo\\.(.+?)\\.(collection|cmd|cx_|op_|delays_|decoding_)(.*?)$' },
  { name: 'cache', pattern: '(cache\\.(.+?)\\.)', contains: 'cache.' },
  { name: 'component', pattern: '(component\\.(.+?)\\.)', contains: 'component.' },
  { name: 'tag', pattern: '(tag\\.(.+?);\\.)', contains: 'tag.' },
  { name: 'wasm_filter', pattern: '(wasm_filter\\.(.+?)\\.)', contains: 'wasm_filter.' },
  { name: 'authz_enforce_result', pattern: 'rbac(\\.(allowed|denied))', contains: 'rbac.' },
  { name: 'authz_dry_run_action', pattern: '(\\.istio_dry_run_(allow|deny)_)', contains: '.istio_dry_run_' },
  { name: 'authz_dry_run_result', pattern: '(\\.shadow_(allowed|denied))', contains: '.shadow_' },
];
