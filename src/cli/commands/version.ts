// `tidegate version`: which Tidegate, Node and Envoy this is, and which one is running.
import { type Command, Option } from 'commander';
import type { HostPort } from '../../main/run-options.ts';
import { versions } from '../../main/versions.ts';
import { createAdminClient } from '../admin-client.ts';
import { addAdminOption } from '../shared-options.ts';
import { printLine, type Terminal } from '../terminal.ts';

interface VersionFlags {
  readonly output: 'text' | 'json';
  readonly client?: boolean;
  readonly admin: HostPort;
}

const examples = `
Examples:
  tidegate version
  tidegate version --client -o json`;

/** Undefined where none runs: that is no failure here. */
async function readRunning(admin: HostPort): Promise<{ version: string; role: string } | undefined> {
  try {
    const answer = (await createAdminClient(admin).get('/version')) as { version?: unknown; role?: unknown };
    return { version: String(answer.version), role: String(answer.role) };
  } catch {
    return undefined;
  }
}

export function addVersionCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('version')
    .description('print versions')
    .option('--client', 'of this command only, without asking a running tidegate')
    .addOption(new Option('-o, --output <format>', 'format').choices(['text', 'json']).default('text'));
  addAdminOption(command)
    .addHelpText('after', examples)
    .action(async (flags: VersionFlags) => {
      const own = versions();
      const running = flags.client ? undefined : await readRunning(flags.admin);
      if (flags.output === 'json') {
        printLine(terminal.stdout, JSON.stringify({ ...own, ...(running && { running }) }, undefined, 2));
        return;
      }
      printLine(terminal.stdout, `tidegate ${own.tidegate}`);
      printLine(terminal.stdout, `node ${own.node}`);
      printLine(terminal.stdout, `envoy ${own.envoy} (with --engine envoy)`);
      if (running) printLine(terminal.stdout, `running: tidegate ${running.version} (${running.role})`);
    });
}
