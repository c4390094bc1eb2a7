// `tidegate proxy-config`: the configuration a proxy has, as tables or in full.
import { Argument, type Command, Option } from 'commander';
import { type ConfigDumpView, type DumpType, type HostPort, typeNames } from '../../main/run-options.ts';
import { createAdminClient } from '../admin-client.ts';
import { exitCodesHelp } from '../exit-codes.ts';
import { findProxy, readProxies } from '../find-proxy.ts';
import { foldScopes } from '../fold-scopes.ts';
import { formatTable } from '../format-table.ts';
import { readActual, readIntended } from '../read-config.ts';
import { addAdminOption } from '../shared-options.ts';
import { summarizeConfig } from '../summarize-config.ts';
import { printable, printLine, type Terminal } from '../terminal.ts';

const typesOf = {
  listeners: ['LDS'],
  routes: ['RDS'],
  clusters: ['CDS'],
  endpoints: ['EDS'],
  secrets: ['SDS'],
  all: ['LDS', 'RDS', 'CDS', 'EDS', 'SDS'],
} as const satisfies Record<string, readonly DumpType[]>;

interface ProxyConfigFlags {
  readonly output: 'table' | 'json' | 'yaml';
  readonly name?: string;
  readonly intended?: boolean;
  readonly admin: HostPort;
}

const examples = `
Shows what the proxy really has; with --intended what pilot wants it to have. Private keys are never shown.
The proxy may be left out where only one is connected.

Examples:
  tidegate proxy-config routes
  tidegate proxy-config clusters istio-ingressgateway -o json
  tidegate proxy-config all --intended -o yaml
  tidegate proxy-config endpoints --name counter
${exitCodesHelp}`;

function formatTables(dump: ConfigDumpView, types: readonly DumpType[]): string {
  const tables = types.map((type) => {
    const { headings, rows } = summarizeConfig(dump, type);
    const table = rows.length === 0 ? `No ${typeNames[type].toLowerCase()}.` : formatTable(headings, rows);
    return types.length === 1 ? table : `${typeNames[type].toUpperCase()}\n${table}`;
  });
  return printable(tables.join('\n\n'));
}

/** A type alone is a list of resources; `all` names the types. */
async function formatFull(dump: ConfigDumpView, types: readonly DumpType[], output: 'json' | 'yaml'): Promise<string> {
  const resources = (type: DumpType): unknown[] => dump[type].map(({ resource }) => resource);
  const [only, ...more] = types;
  const value =
    only !== undefined && more.length === 0
      ? resources(only)
      : Object.fromEntries(types.map((type) => [typeNames[type].toLowerCase(), resources(type)]));
  if (output === 'json') return JSON.stringify(value, undefined, 2);
  const { stringify } = await import('yaml');
  return stringify(value, { aliasDuplicateObjects: false }).trimEnd();
}

export function addProxyConfigCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('proxy-config')
    .alias('pc')
    .description('print the configuration of a proxy')
    .addArgument(new Argument('<type>', 'what to print').choices(Object.keys(typesOf)))
    .argument('[proxy]', 'id or name of the proxy')
    .addOption(new Option('-o, --output <format>', 'format').choices(['table', 'json', 'yaml']).default('table'))
    .option('--name <text>', 'only resources whose name contains the text')
    .option('--intended', 'what pilot wants the proxy to have');
  addAdminOption(command)
    .addHelpText('after', examples)
    .action(async (type: keyof typeof typesOf, name: string | undefined, flags: ProxyConfigFlags) => {
      const admin = createAdminClient(flags.admin);
      const proxy = findProxy(await readProxies(admin), name);
      const whole = await (flags.intended ? readIntended : readActual)(admin, proxy);
      const types: readonly DumpType[] = typesOf[type];
      const isWanted = (resource: { readonly name: string }): boolean => resource.name.includes(flags.name ?? '');
      const dump: ConfigDumpView = {
        CDS: whole.CDS.filter(isWanted),
        EDS: whole.EDS.filter(isWanted),
        LDS: whole.LDS.filter(isWanted),
        RDS: foldScopes(whole.RDS).filter(isWanted),
        SDS: whole.SDS.filter(isWanted),
      };
      printLine(
        terminal.stdout,
        flags.output === 'table' ? formatTables(dump, types) : await formatFull(dump, types, flags.output),
      );
    });
}
