// All commands of `tidegate`, in the order of its help.
import { Command } from 'commander';
import { versions } from '../main/versions.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addGatewayCommand } from './commands/gateway.ts';
import { addLogsCommand } from './commands/logs.ts';
import { addPilotCommand } from './commands/pilot.ts';
import { addPortsCommand } from './commands/ports.ts';
import { addProxyConfigCommand } from './commands/proxy-config.ts';
import { addProxyStatusCommand } from './commands/proxy-status.ts';
import { addUpCommand } from './commands/up.ts';
import { addVersionCommand } from './commands/version.ts';
import { exitCodesHelp } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

const help = `
Examples:
  tidegate up -f manifests/              serve Istio manifests on this machine
  tidegate ports                         which address each Gateway port has
  tidegate proxy-status                  whether the gateway has what the manifests say
  tidegate logs -f --filter status=5xx   follow the access log
${exitCodesHelp}`;

/** Throws CommanderError for help and wrong usage, instead of ending the process. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('tidegate')
    .description('Istio-compatible ingress gateway: serves Gateway and VirtualService manifests')
    .version(versions().tidegate, '-V, --version', 'print the version')
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText('after', help)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      // One line and a hint, as every other error.
      outputError: (text, write) => write(`tidegate: ${text.replace(/^error: /, '')}`),
    })
    .showHelpAfterError('hint: tidegate --help, or tidegate COMMAND --help, says what is possible');
  for (const add of [
    addUpCommand,
    addPilotCommand,
    addGatewayCommand,
    addProxyStatusCommand,
    addProxyConfigCommand,
    addLogsCommand,
    addPortsCommand,
    addVersionCommand,
    addCompletionCommand,
  ]) {
    add(program, terminal);
  }
  return program;
}
