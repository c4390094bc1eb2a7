// Istio's HTTPFaultInjection: the shares it takes, and that a fault which cannot be read is none.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseObject } from './parse-object.ts';
import type { HttpFault } from './virtual-service.ts';

const origin = { source: 'a.yaml', index: 0, locate: () => undefined };

function parse(fault: unknown): { readonly fault: HttpFault | undefined; readonly problems: readonly string[] } {
  const rule = { fault, route: [{ destination: { host: 'cart' } }] };
  const spec = { hosts: ['a.example.com'], http: [rule] };
  const value = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'v' }, spec };
  const { resource, diagnostics } = parseObject(value, origin);
  assert.ok(resource && 'http' in resource.spec, JSON.stringify(diagnostics));
  return { fault: resource.spec.http[0]?.fault, problems: diagnostics.map(({ path }) => path ?? '') };
}

describe('a fault', () => {
  it('delays the share of the requests that it names, to a ten-thousandth of a per cent', () => {
    const { fault, problems } = parse({ delay: { fixedDelay: '2s', percentage: { value: 0.12345 } } });
    assert.deepEqual(fault, {
      delay: { ms: 2000, share: { numerator: 1234, denominator: 'MILLION' } },
      abort: undefined,
    });
    assert.deepEqual(problems, []);
  });

  it('takes the deprecated percent, and delays nothing where no share is named', () => {
    assert.deepEqual(parse({ delay: { fixedDelay: '1s', percent: 5 } }).fault?.delay?.share, {
      numerator: 5,
      denominator: 'HUNDRED',
    });
    assert.equal(parse({ delay: { fixedDelay: '1s' } }).fault?.delay?.share.numerator, 0);
  });

  it('aborts with a status of HTTP or the number of one of gRPC, every request where no share is named', () => {
    assert.deepEqual(parse({ abort: { httpStatus: 418 } }).fault?.abort, {
      kind: 'http',
      status: 418,
      share: undefined,
    });
    assert.deepEqual(parse({ abort: { grpcStatus: 'UNAVAILABLE', percentage: { value: 0 } } }).fault?.abort, {
      kind: 'grpc',
      status: 14,
      share: { numerator: 0, denominator: 'MILLION' },
    });
  });

  it('is none where it cannot be read, and says where', () => {
    for (const [fault, problem] of [
      [{}, 'fault'],
      [{ abort: {} }, 'fault.abort'],
      [{ abort: { httpStatus: 199 } }, 'fault.abort.httpStatus'],
      [{ abort: { httpStatus: 204 } }, 'fault.abort.httpStatus'],
      [{ abort: { httpStatus: 503, grpcStatus: 'OK' } }, 'fault.abort'],
      [{ abort: { grpcStatus: 'unavailable' } }, 'fault.abort.grpcStatus'],
      [{ abort: { httpStatus: 503, percentage: { value: 100.1 } } }, 'fault.abort.percentage.value'],
      [{ delay: {} }, 'fault.delay.fixedDelay'],
      [{ delay: { fixedDelay: 'soon' } }, 'fault.delay.fixedDelay'],
      [{ delay: { fixedDelay: '1s', percent: 101 } }, 'fault.delay.percent'],
    ] as const) {
      const parsed = parse(fault);
      assert.equal(parsed.fault, undefined, JSON.stringify(fault));
      assert.equal(parsed.problems[0], `spec.http[0].${problem}`, JSON.stringify(fault));
    }
  });

  it('keeps the part that can be read', () => {
    const { fault } = parse({ delay: { fixedDelay: 1 }, abort: { httpStatus: 500 } });
    assert.deepEqual([fault?.delay, fault?.abort?.status], [undefined, 500]);
  });
});
