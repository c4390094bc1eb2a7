// Envoy's log lines, and lines that only look like them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLogLine } from './parse-log-line.ts';

test('reads level, component and message', () => {
  assert.deepEqual(parseLogLine('warning|config|gRPC config stream closed: 14'), {
    level: 'warn',
    component: 'config',
    message: 'gRPC config stream closed: 14',
  });
  assert.equal(parseLogLine('critical|main|x')?.level, 'error');
  assert.equal(parseLogLine('trace|main|a|b')?.message, 'a|b');
});

test('takes back what Envoy escaped', () => {
  assert.equal(parseLogLine('info|main|a\\nb\\t\\"c\\"\\\\n\\n')?.message, 'a\nb\t"c"\\n');
});

test('does not take other lines for log lines', () => {
  for (const line of ['', 'hello', '[2026-01-01][1][info] x', 'constructor|main|x', 'info main x', 'loud|main|x']) {
    assert.equal(parseLogLine(line), undefined, line);
  }
  fc.assert(fc.property(fc.string(), (line) => void parseLogLine(line)));
});
