// YAML as Kubernetes reads it, and YAML that means harm.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { MAX_NESTING } from './limits.ts';
import { parseDocument } from './parse-document.ts';

function parsedValue(text: string): unknown {
  const parsed = parseDocument(text);
  assert.ok(parsed.kind === 'value', text);
  return parsed.value;
}

/** Code and offset of each problem. */
function problemsOf(text: string): string[] {
  const parsed = parseDocument(text);
  return parsed.kind === 'failed' ? parsed.problems.map(({ code, offset }) => `${code}@${offset}`) : [];
}

describe('parseDocument', () => {
  it('reads YAML 1.2: yes and on are text, 010 is ten', () => {
    const text = 'a: yes\nb: on\nc: 010\nd: 0x10\ne: 1.5\nf: true\ng: ~\nh: 12:30\ni: 2024-01-01';
    const value = { a: 'yes', b: 'on', c: 10, d: 16, e: 1.5, f: true, g: null, h: '12:30', i: '2024-01-01' };
    assert.deepEqual(parsedValue(text), value);
  });
  it('reads JSON', () => {
    assert.deepEqual(parsedValue('{"a": [1, "x", null], "b": {"c": false}}'), { a: [1, 'x', null], b: { c: false } });
  });
  it('reads every key as text', () => {
    assert.deepEqual(parsedValue('80: a\ntrue: b\nnull: c'), { 80: 'a', true: 'b', null: 'c' });
  });
  it('reads a key named __proto__ as any other', () => {
    const value = parsedValue('__proto__: {polluted: true}\na: 1');
    assert.deepEqual(Object.keys(value as object), ['__proto__', 'a']);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });
  it('expands aliases and merge keys, where keys already given win', () => {
    assert.deepEqual(parsedValue('a: &x {k: 1, l: 2}\nb: *x\nc:\n  <<: *x\n  l: 3'), {
      a: { k: 1, l: 2 },
      b: { k: 1, l: 2 },
      c: { k: 1, l: 3 },
    });
    assert.deepEqual(parsedValue('- &a {k: 1}\n- &b {k: 2, m: 3}\n- <<: [*a, *b]'), [
      { k: 1 },
      { k: 2, m: 3 },
      { k: 1, m: 3 },
    ]);
    assert.deepEqual(parsedValue('"<<": text'), { '<<': 'text' });
  });
  it('takes the anchor defined last', () => {
    assert.deepEqual(parsedValue('- &a 1\n- *a\n- &a 2\n- *a'), [1, 1, 2, 2]);
  });
  it('refuses a key that stands twice, at the second one', () => {
    assert.deepEqual(problemsOf('a: 1\nb: 2\na: 3'), ['TG0002@10']);
    assert.deepEqual(problemsOf('x: {"a": 1, "a": 1}'), ['TG0002@12']);
    assert.deepEqual(problemsOf('1: a\n"1": b'), ['TG0002@5']);
  });
  it('refuses aliases of themselves, unknown ones and merges of something else', () => {
    assert.deepEqual(problemsOf('a: &a\n  b: *a'), ['TG0002@11']);
    assert.deepEqual(problemsOf('a: *b'), ['TG0002@3']);
    assert.deepEqual(problemsOf('a:\n  <<: 1'), ['TG0002@9']);
  });
  it('refuses alias bombs, by lists as by merges', () => {
    const bomb = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${i === 0 ? 'x, x' : `*a${i - 1}, *a${i - 1}`}]`);
    assert.match(problemsOf(bomb.join('\n'))[0] ?? '', /^TG0005/);
    const keys = Array.from({ length: 1000 }, (_, i) => `  k${i}: 1\n`).join('');
    const merges = '- <<: *a\n'.repeat(1000);
    assert.match(problemsOf(`a: &a\n${keys}b:\n${merges}`)[0] ?? '', /^TG0005/);
  });
  it('refuses deep nesting, and what exhausts the stack', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    assert.deepEqual(problemsOf(nested(MAX_NESTING)), []);
    assert.match(problemsOf(nested(MAX_NESTING + 1))[0] ?? '', /^TG0005/);
    for (const level of ['[', 'a: {', '- ', '? '])
      assert.deepEqual(problemsOf(level.repeat(1 << 18)), ['TG0005@0'], level);
  });
  it('takes any number of lists and maps that are not inside each other', () => {
    const flat = Array.from({ length: 3 * MAX_NESTING }, () => '[{}]').join(', ');
    assert.equal((parsedValue(`[${flat}]`) as unknown[]).length, 3 * MAX_NESTING);
    assert.equal((parsedValue('- a: []\n'.repeat(3 * MAX_NESTING)) as unknown[]).length, 3 * MAX_NESTING);
  });
  it('tells where syntax is broken', () => {
    assert.deepEqual(problemsOf('a: [1, 2'), ['TG0002@8']);
    assert.deepEqual(problemsOf('a: b: c'), ['TG0002@3']);
    assert.deepEqual(problemsOf('a:\n\t- b')[0], 'TG0002@3');
  });
  it('never shows a piece of the source in a message', () => {
    for (const text of ['a: "hunter2', 'a: hunter2: x', '}hunter2', '!hunter2 [', '*hunter2', 'hunter2: 1\nhunter2: 2'])
      assert.doesNotMatch(JSON.stringify(parseDocument(text)), /hunter2/);
  });
  it('finds a field, or its nearest ancestor that is there', () => {
    const text = 'a:\n  b:\n    - c: 1\n    - d: &x {e: 2}\nf: *x';
    const parsed = parseDocument(text);
    assert.ok(parsed.kind === 'value');
    const at = (...path: (string | number)[]): string => text.slice(parsed.offsetOf(path)).split('\n')[0] ?? '';
    assert.equal(at('a', 'b', 0, 'c'), 'c: 1');
    assert.equal(at('a', 'b', 1), 'd: &x {e: 2}');
    assert.equal(at('a', 'b', 7, 'z'), 'b:');
    assert.equal(at('f', 'e'), 'e: 2}');
    assert.equal(at(), 'a:');
    const offsets = parsed.offsets?.(100);
    assert.equal(offsets?.get('["a","b",0,"c"]'), parsed.offsetOf(['a', 'b', 0, 'c']));
  });
  it('reads back what was written, whatever the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        // YAML has no -0 in JSON's sense.
        const plain: unknown = JSON.parse(JSON.stringify(value));
        assert.deepEqual(parsedValue(JSON.stringify(plain)), plain);
        assert.deepEqual(parsedValue(stringify(plain)), plain);
      }),
    );
  });
  it('never throws, whatever the text', () => {
    const pieces = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '-',
      '[',
      ']',
      '{',
      '}',
      '&a',
      '*a',
      '<<',
      '"',
      "'",
      '|',
      '>',
      '!',
      '%',
      '#',
      '?',
      ',',
      '\t',
      '\r',
    );
    fc.assert(
      fc.property(fc.array(pieces), (parts) => void parseDocument(parts.join(''))),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseDocument(text)));
  });
});
