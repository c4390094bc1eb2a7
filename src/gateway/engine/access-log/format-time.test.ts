// Time formats against what Envoy 1.40 wrote for the same moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileTimeFormat } from './format-time.ts';

const moment = 1_795_477_813_569.599;

test('writes ISO 8601 with milliseconds where no format is given', () => {
  assert.equal(compileTimeFormat('')(moment), '2026-11-23T23:50:13.569Z');
});

const recorded: readonly (readonly [string, string])[] = [
  ['%Y/%m/%dT%H:%M:%S%z %s', '2026/11/23T23:50:13+0000 1795477813'],
  ['%f %3f %6f %9f %1f', '569599000 569 569599 569599000 5'],
  ['%E3S %E*S %E6f', '13.569 13.569599 569599'],
  ['%j %a %b %e %p %I %y %Z %% %Q', '327 Mon Nov 23 PM 11 26 UTC % %Q'],
  ['%T %D %F %R', '23:50:13 11/23/26 2026-11-23 23:50'],
  ['%Ez|%:z|%c|%h', '+00:00|+00:00|Mon Nov 23 23:50:13 2026|Nov'],
  ['%3s|%E3f|%L|%k|%l|%u|%w|%U|%C', '1795477813|569|%L|23|11|1|1|47|20'],
  ['%t|%G|%V|%E4Y|%r|%x|%X|%ET|%OS|%-d', '\t|2026|48|2026|11:50:13 PM|11/23/26|23:50:13|T|13|23'],
  ['%s.%3f', '1795477813.569'],
];
for (const [format, expected] of recorded) {
  test(`formats ${format}`, () => assert.equal(compileTimeFormat(format)(moment), expected));
}

test('cuts fractions instead of rounding into the next second', () => {
  assert.equal(compileTimeFormat('%S.%3f')(1_795_477_813_999.9), '13.999');
});

test('knows the week of the first days of a year', () => {
  assert.equal(compileTimeFormat('%G-%V %U %W')(Date.UTC(2027, 0, 1)), '2026-53 00 00');
  assert.equal(compileTimeFormat('%G-%V %U %W')(Date.UTC(2023, 0, 1)), '2022-52 01 00');
});

test('applies an offset', () => {
  assert.equal(compileTimeFormat('%F %R %z', () => -90)(moment), '2026-11-23 22:20 -0130');
});

test('takes any format', () => {
  fc.assert(fc.property(fc.string(), (format) => typeof compileTimeFormat(format)(moment) === 'string'));
});
