// The log as people and as machines read it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from './create-logger.ts';
import type { CommonOptions } from './run-options.ts';

function logged(options: Pick<CommonOptions, 'logLevel' | 'logFormat'>): string {
  const lines: string[] = [];
  const logger = createLogger(options, { log: (text) => void lines.push(text), isColored: false });
  logger.debug({}, 'details');
  logger.info({ proxy: 'gw.istio-system', names: ['a b'] }, 'connected');
  logger.error({ err: new Error('broken pipe') }, 'failed');
  return lines.join('');
}

describe('the logger', () => {
  it('writes lines for people, without stacks', () => {
    const text = logged({ logLevel: 'info', logFormat: 'text' });
    assert.match(
      text,
      /^\d\d:\d\d:\d\d\.\d{3} info {2}connected proxy=gw\.istio-system names=\["a b"\]\n\S+ error failed err="broken pipe"\n$/,
    );
  });

  it('writes debug lines and stacks when asked to', () => {
    const text = logged({ logLevel: 'debug', logFormat: 'text' });
    assert.match(text, / debug details\n/);
    assert.match(text, /err="broken pipe"\nError: broken pipe\n {4}at /);
  });

  it('writes JSON', () => {
    const entries = logged({ logLevel: 'info', logFormat: 'json' })
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      entries.map(({ msg, level }) => [msg, level]),
      [
        ['connected', 30],
        ['failed', 50],
      ],
    );
    assert.equal(entries[1].err.message, 'broken pipe');
  });

  it('is silent when asked to', () => {
    assert.equal(logged({ logLevel: 'silent', logFormat: 'text' }), '');
  });
});
