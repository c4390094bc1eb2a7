// One view of all problems: what appears and what is resolved, each once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { createDiagnostics } from './create-diagnostics.ts';

const problem = (name: string, changes: Partial<Diagnostic> = {}): Diagnostic => ({
  severity: 'warning',
  code: 'IST0101',
  resource: { kind: 'Gateway', namespace: 'a', name },
  message: 'missing.',
  remedy: 'Add it.',
  ...changes,
});

function createRecorder() {
  const told: string[] = [];
  const diagnostics = createDiagnostics({
    diagnostic: (diagnostic, state) => void told.push(`${state} ${diagnostic.resource?.name}`),
    moreDiagnostics: (count) => void told.push(`${count} more`),
  });
  return { diagnostics, take: () => told.splice(0) };
}

describe('diagnostics', () => {
  it('tell each problem once when it appears and once when it is resolved', () => {
    const { diagnostics, take } = createRecorder();
    diagnostics.set('model', [problem('x'), problem('y')]);
    assert.deepEqual(take(), ['appeared x', 'appeared y']);
    diagnostics.set('model', [problem('y')]);
    assert.deepEqual(take(), ['resolved x']);
    diagnostics.set('model', [problem('y')]);
    assert.deepEqual(take(), []);
    diagnostics.set('model', [problem('x'), problem('y')]);
    assert.deepEqual(take(), ['appeared x']);
  });

  it('keep the parts of a process apart, and one problem that two parts see as one', () => {
    const { diagnostics, take } = createRecorder();
    diagnostics.set('source', [problem('x')]);
    diagnostics.set('model', [problem('x'), problem('y')]);
    assert.deepEqual(take(), ['appeared x', 'appeared y']);
    diagnostics.set('source', []);
    assert.deepEqual(take(), []);
    diagnostics.set('model', []);
    assert.deepEqual(take(), ['resolved x', 'resolved y']);
  });

  it('take an object that moved in its file for the same, and show where it stands now', () => {
    const { diagnostics, take } = createRecorder();
    diagnostics.set('model', [problem('x', { file: 'a.yaml', line: 1, column: 1 })]);
    diagnostics.set('model', [problem('x', { file: 'a.yaml', line: 9, column: 1 })]);
    assert.deepEqual(take(), ['appeared x']);
    assert.equal(diagnostics.current()[0]?.line, 9);
  });

  it('put errors first', () => {
    const { diagnostics } = createRecorder();
    diagnostics.set('model', [
      problem('note', { severity: 'info' }),
      problem('w'),
      problem('e', { severity: 'error' }),
    ]);
    assert.deepEqual(
      diagnostics.current().map(({ resource }) => resource?.name),
      ['e', 'w', 'note'],
    );
  });

  it('count what nobody would read, and keep all of it', () => {
    const { diagnostics, take } = createRecorder();
    diagnostics.set(
      'model',
      Array.from({ length: 10_000 }, (_, i) => problem(`x${i}`)),
    );
    const told = take();
    assert.deepEqual([told.length, told.at(-1)], [51, '9950 more']);
    assert.equal(diagnostics.current().length, 10_000);
  });
});
