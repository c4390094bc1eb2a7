// `tidegate logs`: access logs of a running gateway, filtered, followed.
import { type Command, Option } from 'commander';
import type { HostPort } from '../../main/run-options.ts';
import { createAdminClient } from '../admin-client.ts';
import { exitCodesHelp } from '../exit-codes.ts';
import { collect, parseLineCount } from '../parse-flags.ts';
import { runUntilStopped } from '../run-signals.ts';
import { addAdminOption } from '../shared-options.ts';
import { printable, type Terminal } from '../terminal.ts';

interface LogsFlags {
  readonly follow?: boolean;
  readonly tail: number;
  readonly filter?: readonly string[];
  readonly admin: HostPort;
}

const examples = `
A filter is a text that the line contains, or status=404, status=5xx, host=shop.example.com, host=*.example.com,
flags=NR. Several filters must all pass. Access logs are off unless the ConfigMap istio-system/istio sets
accessLogFile: /dev/stdout in its key "mesh".

Examples:
  tidegate logs -f
  tidegate logs --tail 20 --filter status=5xx
  tidegate logs -f --filter host=counter.lab.example.com --filter flags=UF
${exitCodesHelp}`;

export function addLogsCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('logs')
    .description('print access logs of the gateway')
    .option('-f, --follow', 'go on with new lines until stopped')
    .addOption(new Option('--tail <lines>', 'how many of the recent lines').argParser(parseLineCount).default(100))
    .addOption(
      new Option('--filter <filter>', 'text, status=, host= or flags=; repeatable').argParser(collect((text) => text)),
    );
  addAdminOption(command)
    .addHelpText('after', examples)
    .action(async (flags: LogsFlags) => {
      const query = new URLSearchParams({ tail: String(flags.tail), follow: flags.follow ? '1' : '0' });
      for (const filter of flags.filter ?? []) query.append('filter', filter);
      await runUntilStopped(({ stop }) =>
        createAdminClient(flags.admin).stream(
          '/logs',
          query,
          (text) => void terminal.stdout.write(printable(text)),
          stop,
        ),
      );
    });
}
