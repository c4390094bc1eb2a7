// Formats that Envoy takes and those it refuses; the refused ones were tried on Envoy 1.40 itself.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkAccessLogFormat } from './check-access-log-format.ts';
import { defaultJsonFormat, defaultTextFormat } from './mesh-settings.ts';

describe('checkAccessLogFormat', () => {
  it("takes Istio's defaults", () => {
    assert.equal(checkAccessLogFormat(defaultTextFormat), undefined);
    assert.equal(checkAccessLogFormat(defaultJsonFormat), undefined);
  });

  it('takes parameters, lengths and percent signs where Envoy does', () => {
    for (const format of ['', '%%', '100%%', '%REQ(X?Y):10%', '%REQ(:PATH)%', '%START_TIME(%Y/%m/%dT%H:%M:%S%z %s)%'])
      assert.equal(checkAccessLogFormat(format), undefined, format);
    for (const format of ['%DYNAMIC_METADATA(a:b):5%', '%FILTER_STATE(x:PLAIN)%', '%GRPC_STATUS(NUMBER)%'])
      assert.equal(checkAccessLogFormat(format), undefined, format);
  });

  it('refuses what Envoy refuses', () => {
    const refused = ['%', '100%', 'a % b', '%NOPE%', '%REQ()%', '%REQ(X%', '%REQ(X?Y?Z)%', '%req(X)%', '%REQ(a b)%'];
    const more = ['%REQ(X):-1%', '%DURATION:3%', '%PROTOCOL(x)%', '%FILTER_STATE(x:NOPE)%', '%METADATA(NOPE:a)%'];
    for (const format of [...refused, ...more, '%START_TIME(%n)%', '%GRPC_STATUS(X)%', '%VIRTUAL_HOST_NAME%'])
      assert.equal(typeof checkAccessLogFormat(format), 'string', format);
  });

  it('looks into every value of a JSON format', () => {
    assert.equal(checkAccessLogFormat({ a: 1, b: [true, null, { c: '%DURATION%' }] }), undefined);
    assert.match(checkAccessLogFormat({ a: 1, b: [true, null, { c: '%NOPE%' }] }) ?? '', /NOPE/);
  });
});
