// Every resource prints in one form, whoever had it, and never with a key.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { SecretSchema } from './generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { normalizeResourceJson, resourceToJson } from './resource-json.ts';
import { typeUrls } from './type-urls.ts';

test('hides private keys', () => {
  const inline = (text: string) => ({ specifier: { case: 'inlineBytes' as const, value: Buffer.from(text) } });
  const secret = create(SecretSchema, {
    name: 'a',
    type: { case: 'tlsCertificate', value: { certificateChain: inline('public'), privateKey: inline('private') } },
  });
  assert.deepEqual(resourceToJson(typeUrls.secret, toBinary(SecretSchema, secret)), {
    name: 'a',
    tlsCertificate: {
      certificateChain: { inlineBytes: Buffer.from('public').toString('base64') },
      privateKey: '[redacted]',
    },
  });
});

test("brings Envoy's spelling into ours", () => {
  const value = {
    '@type': typeUrls.listener,
    name: 'l',
    address: { socket_address: { address: '127.0.0.1', port_value: 80 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'tcp',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
              stat_prefix: 's',
              cluster: 'c',
            },
          },
        ],
      },
    ],
  };
  const typedConfig = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    statPrefix: 's',
    cluster: 'c',
  };
  assert.deepEqual(normalizeResourceJson(typeUrls.listener, value), {
    name: 'l',
    address: { socketAddress: { address: '127.0.0.1', portValue: 80 } },
    filterChains: [{ filters: [{ name: 'tcp', typedConfig }] }],
  });
});

test('leaves what it does not know as it is, but for keys', () => {
  const value = { name: 'c', unheard_of: { private_key: 'k', b: [1, { password: 'p' }] } };
  assert.deepEqual(normalizeResourceJson(typeUrls.cluster, value), {
    name: 'c',
    unheard_of: { private_key: '[redacted]', b: [1, { password: '[redacted]' }] },
  });
});

test('does not spell out filters under names of maps', () => {
  const value = {
    name: 'r',
    virtual_hosts: [{ name: 'v', domains: ['*'], metadata: { filter_metadata: { my_filter: { some_key: 1 } } } }],
  };
  assert.deepEqual(normalizeResourceJson(typeUrls.route, value), {
    name: 'r',
    virtualHosts: [{ name: 'v', domains: ['*'], metadata: { filterMetadata: { my_filter: { some_key: 1 } } } }],
  });
});
