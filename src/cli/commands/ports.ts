// `tidegate ports`: the way of each Gateway port to an address here, of a running tidegate or as manifests would have it.
import { type Command, Option } from 'commander';
import type { HostPort, PortView } from '../../main/run-options.ts';
import { type AdminClient, createAdminClient } from '../admin-client.ts';
import { exitCodes, exitCodesHelp } from '../exit-codes.ts';
import { readProxies } from '../find-proxy.ts';
import { formatPorts } from '../format-ports.ts';
import { parseHostPort } from '../parse-flags.ts';
import { addAdminOption, addLocalNodeOptions, addPathsOption, type LocalNodeFlags } from '../shared-options.ts';
import { printLine, type Terminal } from '../terminal.ts';

interface PortsFlags extends LocalNodeFlags {
  readonly file?: readonly string[];
  readonly output: 'table' | 'json';
  readonly admin: HostPort;
}

const examples = `
A Gateway port is bound here on its --port-map entry; else on the node port of the Service that selects the gateway;
else on the target port. Exit code 1 if a port could not be bound.

Examples:
  tidegate ports
  tidegate ports -f manifests/ --port-map 80=18080
${exitCodesHelp}`;

/** Pilot alone does not know who listens: its gateways do, by the name of the listener. */
async function askGateways(admin: AdminClient, rows: readonly PortView[]): Promise<readonly PortView[]> {
  if (rows.every((row) => row.state !== 'unknown')) return rows;
  const addresses = new Set((await readProxies(admin)).flatMap((proxy) => proxy.adminAddress ?? []));
  const answers = await Promise.allSettled(
    [...addresses].map((address) => createAdminClient(parseHostPort(address)).get('/debug/ports')),
  );
  const known = answers.flatMap((answer) =>
    answer.status === 'fulfilled' ? (answer.value as readonly PortView[]) : [],
  );
  return rows.map((row) => {
    const found = known.find((port) => port.listener === row.listener && port.port === row.port);
    return found ? { ...row, state: found.state, dataPlane: found.dataPlane, error: found.error } : row;
  });
}

async function readPorts(flags: PortsFlags): Promise<readonly PortView[]> {
  if (!flags.file) {
    const admin = createAdminClient(flags.admin);
    return askGateways(admin, (await admin.get('/debug/ports')) as readonly PortView[]);
  }
  const { readPortsOfFiles } = await import('../../main/read-ports-of-files.ts');
  return readPortsOfFiles({ paths: flags.file, ...flags });
}

export function addPortsCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('ports')
    .description('print how Gateway ports reach this machine')
    .addOption(new Option('-o, --output <format>', 'format').choices(['table', 'json']).default('table'));
  addPathsOption(command, 'compute the table from these manifests instead of asking; repeatable');
  addLocalNodeOptions(command);
  addAdminOption(command)
    .addHelpText('after', examples)
    .action(async (flags: PortsFlags) => {
      const rows = await readPorts(flags);
      printLine(
        terminal.stdout,
        flags.output === 'json' ? JSON.stringify(rows, undefined, 2) : formatPorts(rows, terminal.stdout),
      );
      if (rows.some((row) => row.state === 'failed')) process.exitCode = exitCodes.failure;
    });
}
