// Flags as people type them, right and wrong.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { istioBehaviors } from '../lib/istio-behaviors.ts';
import {
  parseAdmin,
  parseBackend,
  parseBind,
  parseDnsServer,
  parseDuration,
  parseHostPort,
  parseIstioBehaviors,
  parseLabels,
  parseLineCount,
  parseLocality,
  parseMaxConnections,
  parseMount,
  parseName,
  parsePort,
  parsePortMap,
  parseWorkers,
  parseXdsAddress,
} from './parse-flags.ts';

const refuses = (parse: (text: string) => unknown, texts: readonly string[]): void => {
  for (const text of texts) assert.throws(() => parse(text), InvalidArgumentError, JSON.stringify(text));
};

describe('flags', () => {
  it("take the names of Istio's behaviours in one or several flags", () => {
    assert.deepEqual(parseIstioBehaviors('delegate, duplicate-host'), ['delegate', 'duplicate-host']);
    assert.deepEqual(parseIstioBehaviors('delegate', ['delegate', 'ingress-secret']), ['delegate', 'ingress-secret']);
    assert.deepEqual(parseIstioBehaviors('all'), istioBehaviors);
    refuses(parseIstioBehaviors, ['', 'delegates', 'delegate,', 'ALL']);
  });

  it('take a locality of one to three parts', () => {
    for (const text of ['eu-west', 'eu-west/a', 'eu-west/a/rack-1', 'R_1/z.2']) assert.equal(parseLocality(text), text);
    refuses(parseLocality, ['', '/', 'eu/', '/a', 'eu//a', 'a/b/c/d', 'eu-*', 'eu west', '-a', 'x'.repeat(64)]);
  });

  it('take a port map in one or several flags', () => {
    assert.deepEqual(parsePortMap('80=18080,443=18443'), { 80: 18080, 443: 18443 });
    assert.deepEqual(parsePortMap('80=8081', { 80: 8080, 443: 8443 }), { 80: 8081, 443: 8443 });
    refuses(parsePortMap, ['', '80', '80=', '=80', '80=1=2', '80=x', '80=70000', '0=80', '80=0', '80=18080,', '-1=5']);
  });

  it('take labels, empty values included', () => {
    assert.deepEqual(parseLabels('istio=ingressgateway, app='), { istio: 'ingressgateway', app: '' });
    refuses(parseLabels, ['', 'istio', '=x', 'a=b=c', 'a=b,']);
  });

  it('take mounts, and resolve the folder', () => {
    assert.deepEqual(parseMount('/etc/certs/=certs'), { path: '/etc/certs', directory: path.resolve('certs') });
    assert.deepEqual(parseMount('/=/x=y'), { path: '/', directory: '/x=y' });
    refuses(parseMount, ['', '/etc/certs', '=dir', '/etc/certs=', 'etc/certs=dir']);
  });

  it('the address of a DNS server, with its port or without', () => {
    assert.deepEqual(parseDnsServer('10.96.0.10'), { host: '10.96.0.10', port: 53 });
    assert.deepEqual(parseDnsServer('127.0.0.1:5353'), { host: '127.0.0.1', port: 5353 });
    assert.deepEqual(parseDnsServer('fd00::10'), { host: 'fd00::10', port: 53 });
    assert.deepEqual(parseDnsServer('[fd00::10]:5353'), { host: 'fd00::10', port: 5353 });
    for (const text of ['', '53', 'dns.example.com', 'localhost:53', '10.0.0.1:0', '10.0.0.1:99999'])
      assert.throws(() => parseDnsServer(text), InvalidArgumentError, text);
  });

  it('take addresses', () => {
    assert.deepEqual(parseHostPort('127.0.0.1:15080'), { host: '127.0.0.1', port: 15080 });
    assert.deepEqual(parseHostPort('0'), { host: '127.0.0.1', port: 0 });
    assert.deepEqual(parseHostPort('[::1]:80'), { host: '::1', port: 80 });
    assert.deepEqual(parseHostPort('localhost:80'), { host: 'localhost', port: 80 });
    assert.equal(parseAdmin('off'), 'off');
    refuses(parseHostPort, ['', 'off', ':80', 'host', 'host:', 'host:x', '::1:80', '[zz]:80', 'host:99999', '99999']);
  });

  it('take xDS addresses', () => {
    assert.equal(parseXdsAddress('127.0.0.1:15010'), '127.0.0.1:15010');
    assert.equal(parseXdsAddress('[::1]:1'), '[::1]:1');
    assert.equal(parseXdsAddress('unix:/run/x.sock'), 'unix:/run/x.sock');
    refuses(parseXdsAddress, ['', 'pilot', `unix:/${'x'.repeat(120)}`]);
  });

  it('take bind addresses, numbers, names and durations', () => {
    assert.equal(parseBind('0.0.0.0'), '0.0.0.0');
    refuses(parseBind, ['', 'localhost', '1.2.3', '127.0.0.1:80']);
    assert.equal(parseWorkers('4'), 4);
    refuses(parseWorkers, ['0', '-1', '1.5', '257', 'x', '']);
    assert.equal(parseMaxConnections('25000'), 25_000);
    refuses(parseMaxConnections, ['0', '-1', '1.5', '2147483648', 'x', '']);
    assert.equal(parseName('istio-system'), 'istio-system');
    refuses(parseName, ['', 'A', '-a', 'a_b', 'a/b', 'a~b']);
    assert.deepEqual(['5', '5s', '500ms', '2m', '0'].map(parseDuration), [5000, 5000, 500, 120_000, 0]);
    refuses(parseDuration, ['', 's', '1h', '-1', '1.5s']);
    assert.equal(parseLineCount('20'), 20);
    refuses(parseLineCount, ['', '-1', 'all']);
  });

  it('take backends', () => {
    const backend = { service: 'counter', namespace: 'default', port: undefined, host: '127.0.0.1', hostPort: 3000 };
    assert.deepEqual(parseBackend('counter=127.0.0.1:3000'), backend);
    assert.deepEqual(parseBackend('counter=localhost:3000'), backend);
    assert.deepEqual(parseBackend('counter.shop:80=[::1]:1'), {
      ...backend,
      namespace: 'shop',
      port: 80,
      host: '::1',
      hostPort: 1,
    });
    refuses(parseBackend, [
      '',
      'counter',
      '=127.0.0.1:1',
      'counter=',
      'counter=example.com:80',
      'a.b.c=127.0.0.1:1',
      'counter=0',
    ]);
  });

  it('give a value or a usage error for any text', () => {
    const parsers = [
      parsePortMap,
      parseLabels,
      parseMount,
      parseHostPort,
      parseXdsAddress,
      parseBind,
      parseName,
      parseDuration,
      parsePort,
    ];
    fc.assert(
      fc.property(fc.constantFrom<(text: string) => unknown>(...parsers), fc.string(), (parse, text) => {
        try {
          assert.notEqual(parse(text), undefined);
        } catch (error) {
          assert.ok(error instanceof InvalidArgumentError);
        }
      }),
    );
  });
});
