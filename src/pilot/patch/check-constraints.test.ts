// The rules of Envoy's protos, over messages of our own and over those known by their descriptors only.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { extensionTypes } from '../../xds/extension-types.ts';
import { checkConstraints } from './check-constraints.ts';

function check(type: string, value: JsonObject): readonly string[] {
  const registry = extensionTypes();
  const schema = registry.getMessage(type);
  assert.ok(schema, type);
  return checkConstraints(schema, fromJson(schema, value, { registry }));
}

const route = 'envoy.config.route.v3.Route';
const any = (type: string, fields: JsonObject = {}) => ({ '@type': `type.googleapis.com/${type}`, ...fields });

describe('what is wrong with', () => {
  const cases: readonly (readonly [string, string, JsonObject, readonly string[]])[] = [
    ['nothing', route, { match: { prefix: '/' }, directResponse: { status: 200 } }, []],
    ['a missing message', route, { directResponse: { status: 200 } }, ['match: value is required']],
    ['a missing oneof', route, { match: { prefix: '/' } }, ['action: is required']],
    [
      'a number in a message',
      route,
      { match: { prefix: '/' }, directResponse: { status: 600 } },
      ['direct_response.status: value must be less than 600'],
    ],
    [
      'a text that is not set',
      'envoy.config.cluster.v3.Cluster',
      { connectTimeout: '1s' },
      ['name: value length must be at least 1 characters'],
    ],
    [
      'a duration',
      'envoy.config.cluster.v3.Cluster',
      { name: 'a', connectTimeout: '0s' },
      ['connect_timeout: value must be greater than 0s'],
    ],
    [
      'a wrapper in a list',
      'envoy.config.cluster.v3.Cluster',
      { name: 'a', http2ProtocolOptions: { maxConcurrentStreams: 0 } },
      ['http2_protocol_options.max_concurrent_streams: value must be greater than or equal to 1'],
    ],
    [
      'an empty list',
      'envoy.config.route.v3.VirtualHost',
      { name: 'a' },
      ['domains: value must contain at least 1 item(s)'],
    ],
    ['a header', 'envoy.config.core.v3.HeaderValue', { key: 'a\n', value: 'b' }, ['key: value is no HTTP header name']],
    [
      'a pattern',
      'envoy.config.route.v3.RouteMatch',
      { pathSeparatedPrefix: '/a/' },
      ['path_separated_prefix: value does not match regex pattern "^[^?#]+[^?#/]$"'],
    ],
    [
      'an enum by its number',
      'envoy.config.cluster.v3.Cluster',
      { name: 'a', lbPolicy: 99 },
      ['lb_policy: value must be one of the defined enum values'],
    ],
    [
      'what is in an Any',
      'envoy.config.listener.v3.Filter',
      { name: 'a', typedConfig: any('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { cluster: 'a' }) },
      ['typed_config.stat_prefix: value length must be at least 1 characters'],
    ],
    [
      'what a struct stands for',
      'envoy.config.listener.v3.Filter',
      {
        name: 'a',
        typedConfig: any('udpa.type.v1.TypedStruct', {
          typeUrl: 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
          value: { cluster: 'a' },
        }),
      },
      ['typed_config.value.stat_prefix: value length must be at least 1 characters'],
    ],
    [
      'a struct that stands for nothing',
      'envoy.config.listener.v3.Filter',
      { name: 'a', typedConfig: any('xds.type.v3.TypedStruct', { value: {} }) },
      ['typed_config.type_url: is missing'],
    ],
    [
      'an item of a list',
      'envoy.config.listener.v3.FilterChain',
      { filters: [{ name: 'a' }, {}] },
      ['filters[1].name: value length must be at least 1 characters'],
    ],
    [
      'an expression, which no proto says',
      'envoy.config.route.v3.RouteMatch',
      { safeRegex: { regex: '(?=a)' } },
      [
        'safe_regex: the regular expression cannot be used: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
      ],
    ],
  ];
  for (const [name, type, value, expected] of cases) it(name, () => assert.deepEqual(check(type, value), expected));
});
