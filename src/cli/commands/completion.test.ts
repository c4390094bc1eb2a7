// Completion scripts, checked by the shells that are installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { runCommand } from '../testing/run-command.ts';

const script = async (shell: string): Promise<string> => {
  const { code, stdout } = await runCommand('completion', shell);
  assert.equal(code, 0);
  return stdout;
};

/** What bash offers for these words, the last one being typed. */
const completeInBash = (text: string, words: readonly string[]): readonly string[] => {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const program = `${text}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _tidegate; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', program], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.trim().split('\n');
};

describe('tidegate completion', () => {
  it('completes commands, arguments, options and their values in bash', async () => {
    const text = await script('bash');
    assert.deepEqual(completeInBash(text, ['tidegate', 'pr']), ['proxy-status', 'proxy-config']);
    assert.deepEqual(completeInBash(text, ['tidegate', 'proxy-config', 'l']), ['listeners']);
    assert.deepEqual(completeInBash(text, ['tidegate', 'up', '--engine', '']), ['embedded', 'envoy']);
    assert.deepEqual(completeInBash(text, ['tidegate', 'up', '--port']), ['--port-map']);
    assert.ok(
      completeInBash(text, ['tidegate', 'up', '-f', `${import.meta.dirname}/completion.t`])[0]?.endsWith(
        '/completion.test.ts',
      ),
    );
  });

  it('names every command in zsh and fish', async () => {
    for (const shell of ['zsh', 'fish']) {
      const text = await script(shell);
      for (const command of ['up', 'pilot', 'gateway', 'proxy-status', 'proxy-config', 'logs', 'ports', 'version'])
        assert.match(text, new RegExp(`\\b${command}\\b`));
    }
    assert.match(await script('zsh'), /^#compdef tidegate\n/);
    assert.match(
      await script('fish'),
      /complete -c tidegate -n '__fish_seen_subcommand_from up' -l engine -x -a 'embedded envoy' -d 'data plane'/,
    );
  });
});
