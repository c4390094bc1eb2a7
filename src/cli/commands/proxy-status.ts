// `tidegate proxy-status`: whether each proxy has what pilot intends; for one proxy, compared resource by resource.
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DumpType, HostPort, ProxySyncView, TypeSyncView } from '../../main/run-options.ts';
import { type AdminClient, createAdminClient } from '../admin-client.ts';
import { exitCodes, exitCodesHelp } from '../exit-codes.ts';
import { findProxy, readProxies } from '../find-proxy.ts';
import { formatDuration } from '../format-duration.ts';
import { formatTable } from '../format-table.ts';
import { readActual, readIntended } from '../read-config.ts';
import { addAdminOption } from '../shared-options.ts';
import { printable, printLine, styled, type Terminal } from '../terminal.ts';

interface ProxyStatusFlags {
  readonly admin: HostPort;
  readonly resync?: boolean;
}

const examples = `
SYNCED: the proxy acknowledged what pilot sent last. NOT SENT: pilot has nothing for it, or it did not ask.
STALE: sent, and not acknowledged since. ERROR: rejected; the text is the proxy's own, and what it had before stays
in force there. Exit code 1 if something is STALE, in ERROR or different.

Examples:
  tidegate proxy-status
  tidegate proxy-status istio-ingressgateway.istio-system
  tidegate proxy-status istio-ingressgateway --resync
${exitCodesHelp}`;

const columns: readonly DumpType[] = ['CDS', 'LDS', 'EDS', 'RDS', 'SDS'];
const nothing: TypeSyncView = { status: 'NOT SENT', staleForMs: 0 };

const typeOf = (proxy: ProxySyncView, type: DumpType): TypeSyncView => proxy.types[type] ?? nothing;

function cell(sync: TypeSyncView): string {
  return sync.status === 'STALE' ? `STALE (${formatDuration(sync.staleForMs)})` : sync.status;
}

function errorLines(proxy: ProxySyncView): readonly string[] {
  return columns.flatMap((type) => {
    const { error, owners } = typeOf(proxy, type);
    if (error === undefined) return [];
    const names = owners?.map((owner) => `${owner.kind}/${owner.namespace}/${owner.name}`).join(', ');
    return [`${proxy.name} ${type} ERROR: ${printable(error)}${names ? `\n  from ${names}` : ''}`];
  });
}

function formatProxyStatus(proxies: readonly ProxySyncView[], stream: NodeJS.WritableStream): string {
  if (proxies.length === 0) return 'No proxy is connected.';
  const rows = proxies
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((proxy) => [
      printable(proxy.name),
      proxy.dataPlane,
      ...columns.map((type) => cell(typeOf(proxy, type))),
      proxy.protocol,
      printable(proxy.version),
    ]);
  const table = formatTable(['NAME', 'DATA PLANE', ...columns, 'PROTOCOL', 'VERSION'], rows, (text) => {
    if (text.startsWith('ERROR')) return styled(stream, 'red', text);
    return text.startsWith('STALE') ? styled(stream, 'yellow', text) : text;
  });
  return [table, ...proxies.flatMap(errorLines)].join('\n');
}

/** Until the proxy has answered what a resync sent, at most this long: what it has not answered then shows as STALE. */
const resyncTimeoutMs = 5000;

async function resync(admin: AdminClient, proxy: ProxySyncView): Promise<ProxySyncView> {
  await admin.post('/debug/resync', { proxy: proxy.id });
  const deadline = performance.now() + resyncTimeoutMs;
  for (;;) {
    const now = findProxy(await readProxies(admin), proxy.id);
    if (columns.every((type) => typeOf(now, type).status !== 'STALE') || performance.now() > deadline) return now;
    await setTimeout(50);
  }
}

async function compare(admin: AdminClient, proxy: ProxySyncView, terminal: Terminal): Promise<boolean> {
  const { compareConfig } = await import('../../main/compare-config.ts');
  const [intended, actual] = await Promise.all([readIntended(admin, proxy), readActual(admin, proxy)]);
  const comparisons = compareConfig(intended, actual);
  for (const { title, match, difference } of comparisons) {
    if (match) printLine(terminal.stdout, `${title} Match`);
    else {
      printLine(terminal.stdout, styled(terminal.stdout, 'red', `${title} Don't Match`));
      printLine(terminal.stdout, printable(difference.join('\n')));
    }
  }
  for (const line of errorLines(proxy)) printLine(terminal.stdout, line);
  return comparisons.every(({ match }) => match) && errorLines(proxy).length === 0;
}

export function addProxyStatusCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('proxy-status')
    .alias('ps')
    .description('print whether proxies have what pilot intends')
    .argument('[proxy]', 'compare this proxy resource by resource')
    .option('--resync', 'send the proxy everything again, without a restart, before comparing');
  addAdminOption(command)
    .addHelpText('after', examples)
    .action(async (name: string | undefined, flags: ProxyStatusFlags) => {
      const admin = createAdminClient(flags.admin);
      const proxies = await readProxies(admin);
      if (name === undefined && !flags.resync) {
        printLine(terminal.stdout, formatProxyStatus(proxies, terminal.stdout));
        const isBad = ({ status }: TypeSyncView): boolean => status === 'ERROR' || status === 'STALE';
        if (proxies.some((proxy) => columns.some((type) => isBad(typeOf(proxy, type)))))
          process.exitCode = exitCodes.failure;
        return;
      }
      const found = findProxy(proxies, name);
      const proxy = flags.resync ? await resync(admin, found) : found;
      if (flags.resync) printLine(terminal.stderr, `sent everything again to ${proxy.name}`);
      if (!(await compare(admin, proxy, terminal))) process.exitCode = exitCodes.failure;
    });
}
