// `tidegate gateway`: a data plane alone, configured by a pilot of another process.
import os from 'node:os';
import { type Command, Option } from 'commander';
import type { HostPort } from '../../main/run-options.ts';
import { exitCodesHelp } from '../exit-codes.ts';
import { parseAdmin, parseXdsAddress } from '../parse-flags.ts';
import { createRunEvents } from '../run-events.ts';
import { runUntilStopped } from '../run-signals.ts';
import { addLogOptions, addProxyOptions, type LogFlags, type ProxyFlags, proxyOptions } from '../shared-options.ts';
import type { Terminal } from '../terminal.ts';

interface GatewayFlags extends ProxyFlags, LogFlags {
  readonly pilot: string;
  readonly admin: HostPort | 'off';
}

const examples = `
Several gateways on one machine need a --name each, and an --admin and --port-map of their own.

Examples:
  tidegate gateway --pilot 127.0.0.1:15010
  tidegate gateway --pilot unix:/run/tidegate/xds.sock --engine envoy --name edge-1 --workers 4
${exitCodesHelp}`;

/** A host name as a Kubernetes name, since it becomes part of the node id. */
function gatewayNameOf(hostname: string): string {
  const plain = hostname
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
  return plain === '' ? 'istio-ingressgateway' : `istio-ingressgateway-${plain}`;
}

export function addGatewayCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('gateway')
    .description('serve traffic as a pilot of another process says')
    .addOption(
      new Option('--pilot <address>', 'xDS address of pilot: HOST:PORT or unix:/path')
        .argParser(parseXdsAddress)
        .default('127.0.0.1:15010'),
    );
  addProxyOptions(command).addOption(
    // Not pilot's 15080: the two often run on one machine.
    new Option('--admin <host:port>', 'admin server: 0 takes a free port, off has none')
      .argParser(parseAdmin)
      .default({ host: '127.0.0.1', port: 15081 }, '127.0.0.1:15081'),
  );
  addLogOptions(command)
    .addHelpText('after', examples)
    .action(async (flags: GatewayFlags) => {
      const { runGateway } = await import('../../main/run-gateway.ts');
      await runUntilStopped((signals) =>
        runGateway(
          {
            ...proxyOptions(flags, gatewayNameOf(os.hostname())),
            pilot: flags.pilot,
            admin: flags.admin === 'off' ? undefined : flags.admin,
            logLevel: flags.logLevel,
            logFormat: flags.logFormat,
          },
          signals,
          createRunEvents(terminal),
        ),
      );
    });
}
