// `tidegate up`: pilot and one gateway in one process, from manifests on disk.
import { type Command, Option } from 'commander';
import type { IstioBehavior } from '../../lib/istio-behaviors.ts';
import type { RouteModeKind } from '../../lib/route-mode.ts';
import type { Backend, HostPort } from '../../main/run-options.ts';
import { exitCodesHelp } from '../exit-codes.ts';
import { parseAdmin } from '../parse-flags.ts';
import { createRunEvents } from '../run-events.ts';
import { runUntilStopped } from '../run-signals.ts';
import {
  addBackendOption,
  addJwksRefreshOption,
  addLikeIstioOption,
  addLogOptions,
  addPathsOption,
  addProxyOptions,
  addRouteModeOptions,
  defaultAdmin,
  type LogFlags,
  type ProxyFlags,
  proxyOptions,
} from '../shared-options.ts';
import type { Terminal } from '../terminal.ts';

interface UpFlags extends ProxyFlags, LogFlags {
  readonly file: readonly string[];
  readonly backend?: readonly Backend[];
  readonly likeIstio?: readonly IstioBehavior[];
  readonly jwksRefresh: number;
  readonly routeMode: RouteModeKind;
  readonly scopedAbove: number;
  readonly admin: HostPort | 'off';
}

const examples = `
Prints "ready" and the port table on standard output once the first configuration serves, then access logs
(if the mesh settings turn them on). Problems in manifests and logs go to standard error.

Examples:
  tidegate up -f manifests/
  tidegate up -f gateway.yaml -f routes.yaml --port-map 80=18080,443=18443
  tidegate up -f manifests/ --backend counter=127.0.0.1:3000
  tidegate up -f manifests/ --engine envoy --mount /etc/istio/ingressgateway-certs=./certs
${exitCodesHelp}`;

export function addUpCommand(program: Command, terminal: Terminal): void {
  const command = program.command('up').description('serve manifests from disk: pilot and a gateway in one process');
  addPathsOption(command, 'file or folder of manifests, watched; repeatable').options.at(-1)?.makeOptionMandatory();
  addBackendOption(command);
  addLikeIstioOption(command);
  addJwksRefreshOption(command);
  addRouteModeOptions(command);
  addProxyOptions(command).addOption(
    new Option('--admin <host:port>', 'admin server: 0 takes a free port, off has none')
      .argParser(parseAdmin)
      .default(defaultAdmin, '127.0.0.1:15080'),
  );
  addLogOptions(command)
    .addHelpText('after', examples)
    .action(async (flags: UpFlags) => {
      const { runUp } = await import('../../main/run-up.ts');
      await runUntilStopped((signals) =>
        runUp(
          {
            ...proxyOptions(flags, 'istio-ingressgateway'),
            paths: flags.file,
            backends: flags.backend ?? [],
            likeIstio: flags.likeIstio ?? [],
            jwksRefreshMs: flags.jwksRefresh,
            routeMode: { kind: flags.routeMode, scopedAbove: flags.scopedAbove },
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
