// `tidegate pilot`: the control plane alone, for gateways in other processes.
import { type Command, Option } from 'commander';
import type { IstioBehavior } from '../../lib/istio-behaviors.ts';
import type { RouteModeKind } from '../../lib/route-mode.ts';
import type { Backend, HostPort } from '../../main/run-options.ts';
import { exitCodesHelp } from '../exit-codes.ts';
import { parseAdmin, parseXdsAddress } from '../parse-flags.ts';
import { createRunEvents } from '../run-events.ts';
import { runUntilStopped } from '../run-signals.ts';
import {
  addBackendOption,
  addJwksRefreshOption,
  addLikeIstioOption,
  addLogOptions,
  addPathsOption,
  addRouteModeOptions,
  defaultAdmin,
  type LogFlags,
} from '../shared-options.ts';
import type { Terminal } from '../terminal.ts';

interface PilotFlags extends LogFlags {
  readonly file: readonly string[];
  readonly backend?: readonly Backend[];
  readonly likeIstio?: readonly IstioBehavior[];
  readonly jwksRefresh: number;
  readonly routeMode: RouteModeKind;
  readonly scopedAbove: number;
  readonly xds: string;
  readonly admin: HostPort | 'off';
}

const examples = `
Whoever reaches the xDS address gets the configuration, with the private keys of credentialName Secrets:
keep it on loopback or on a Unix socket.

Examples:
  tidegate pilot -f manifests/
  tidegate pilot -f manifests/ --xds unix:/run/tidegate/xds.sock
${exitCodesHelp}`;

export function addPilotCommand(program: Command, terminal: Terminal): void {
  const command = program.command('pilot').description('serve configuration over xDS to gateways of other processes');
  addPathsOption(command, 'file or folder of manifests, watched; repeatable').options.at(-1)?.makeOptionMandatory();
  addBackendOption(command);
  addLikeIstioOption(command);
  addJwksRefreshOption(command);
  addRouteModeOptions(command);
  command
    .addOption(
      new Option('--xds <address>', 'where gateways connect: HOST:PORT or unix:/path')
        .argParser(parseXdsAddress)
        .default('127.0.0.1:15010'),
    )
    .addOption(
      new Option('--admin <host:port>', 'admin server: 0 takes a free port, off has none')
        .argParser(parseAdmin)
        .default(defaultAdmin, '127.0.0.1:15080'),
    );
  addLogOptions(command)
    .addHelpText('after', examples)
    .action(async (flags: PilotFlags) => {
      const { runPilot } = await import('../../main/run-pilot.ts');
      await runUntilStopped((signals) =>
        runPilot(
          {
            paths: flags.file,
            backends: flags.backend ?? [],
            likeIstio: flags.likeIstio ?? [],
            jwksRefreshMs: flags.jwksRefresh,
            routeMode: { kind: flags.routeMode, scopedAbove: flags.scopedAbove },
            xds: flags.xds,
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
