// Flags that several commands share, so that they read the same everywhere.
import { type Command, Option } from 'commander';
import { istioBehaviors } from '../lib/istio-behaviors.ts';
import { defaultScopedAbove, type RouteModeKind, routeModeKinds } from '../lib/route-mode.ts';
import type { HostPort, LogLevel, Mount, ProxyOptions } from '../main/run-options.ts';
import {
  collect,
  parseAdmin,
  parseBackend,
  parseBind,
  parseDnsServer,
  parseDuration,
  parseHostCount,
  parseHostPort,
  parseIstioBehaviors,
  parseLabels,
  parseLocality,
  parseMaxConnections,
  parseMount,
  parseName,
  parsePortMap,
  parseWorkers,
} from './parse-flags.ts';

export const defaultAdmin: HostPort = { host: '127.0.0.1', port: 15080 };

/** Istio's own ingress gateway has these two. */
const defaultLabels = { istio: 'ingressgateway', app: 'istio-ingressgateway' };

/** For commands that ask a running tidegate. */
export function addAdminOption(command: Command): Command {
  return command.addOption(
    new Option('--admin <host:port>', 'admin address of the running tidegate')
      .argParser(parseHostPort)
      .default(defaultAdmin, '127.0.0.1:15080'),
  );
}

export function addPathsOption(command: Command, description: string): Command {
  return command.addOption(new Option('-f, --file <path>', description).argParser(collect((text) => text)));
}

export function addBackendOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--backend <service=host:port>',
      'serve a Service (SERVICE[.NAMESPACE][:PORT]) from this address instead of its endpoints; repeatable',
    ).argParser(collect(parseBackend)),
  );
}

export function addLikeIstioOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--like-istio <names>',
      `do as Istio does where Tidegate differs on purpose (docs/differences.md): ${istioBehaviors.join(', ')}, or all`,
    ).argParser(parseIstioBehaviors),
  );
}

export function addJwksRefreshOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--jwks-refresh <duration>',
      'fetch the keys of RequestAuthentications again after so long, or sooner where their server says so (max-age)',
    )
      .argParser(parseDuration)
      .default(20 * 60_000, '20m'),
  );
}

export interface RouteModeFlags {
  readonly routeMode: RouteModeKind;
  readonly scopedAbove: number;
}

export function addRouteModeOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--route-mode <mode>',
        'routes of all hosts in one resource (shared), of each host in one of its own (scoped), or as --scoped-above says (auto)',
      )
        .choices(routeModeKinds)
        .default('auto'),
    )
    .addOption(
      new Option('--scoped-above <hosts>', 'with --route-mode auto: route tables with more hosts than this are scoped')
        .argParser(parseHostCount)
        .default(defaultScopedAbove),
    );
}

export interface LocalNodeFlags {
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly bind: string;
  readonly portMap: Readonly<Record<number, number>>;
}

/** Who the gateway is and where it binds: what the port table depends on. */
export function addLocalNodeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--labels <name=value,…>', 'labels of the gateway, which Gateway and Service selectors look for')
        .argParser((text: string, previous: Record<string, string>) =>
          parseLabels(text, previous === defaultLabels ? {} : previous),
        )
        .default(defaultLabels, 'istio=ingressgateway,app=istio-ingressgateway'),
    )
    .addOption(
      new Option('--namespace <name>', 'namespace of the gateway').argParser(parseName).default('istio-system'),
    )
    .addOption(
      new Option('--bind <address>', 'address the ports are bound on').argParser(parseBind).default('127.0.0.1'),
    )
    .addOption(
      new Option('--port-map <gateway=bound,…>', 'bind other ports than the node ports, as in 80=18080,443=18443')
        .argParser((text: string, previous: Record<number, number> | undefined) => parsePortMap(text, previous))
        .default({}, 'none'),
    );
}

export interface ProxyFlags extends LocalNodeFlags {
  readonly metadata: Readonly<Record<string, string>>;
  readonly engine: 'embedded' | 'envoy';
  readonly name: string | undefined;
  readonly locality: string | undefined;
  readonly nodeName: string | undefined;
  readonly mount: readonly Mount[] | undefined;
  readonly dnsServer: readonly HostPort[] | undefined;
  readonly metrics: HostPort | 'off';
  readonly workers: number | undefined;
  readonly maxConnections: number | undefined;
  readonly xdsProtocol: 'delta' | 'sotw';
  readonly drainTimeout: number;
}

export function addProxyOptions(command: Command): Command {
  return addLocalNodeOptions(command)
    .addOption(new Option('--engine <name>', 'data plane').choices(['embedded', 'envoy']).default('embedded'))
    .addOption(new Option('--name <name>', 'name of the gateway in proxy-status').argParser(parseName))
    .addOption(
      new Option('--metadata <name=value,…>', 'what the gateway tells of itself, for match.proxy of EnvoyFilters')
        .argParser((text: string, previous: Record<string, string>) => parseLabels(text, previous))
        .default({}, 'none'),
    )
    .addOption(
      new Option(
        '--locality <region/zone/subzone>',
        'where the gateway is, for localityLbSetting; later parts optional',
      ).argParser(parseLocality),
    )
    .addOption(
      new Option('--node-name <name>', 'Node the gateway runs on, whose labels tell its locality').argParser(parseName),
    )
    .addOption(
      new Option(
        '--mount <path=directory>',
        'folder that stands for a path of the manifests (certificates); repeatable',
      ).argParser(collect(parseMount)),
    )
    .addOption(
      new Option(
        '--dns-server <address>',
        'ask this server (IP or IP:PORT) for names of endpoints instead of the machine; repeatable',
      ).argParser(collect(parseDnsServer)),
    )
    .addOption(
      new Option('--metrics <host:port>', 'where Prometheus scrapes /stats/prometheus; off is nowhere')
        .argParser(parseAdmin)
        .default({ host: '127.0.0.1', port: 15_090 }, '127.0.0.1:15090'),
    )
    .addOption(
      new Option(
        '--max-connections <n>',
        "connections of clients at a time, over all ports: more are closed at once (Istio's globalDownstreamConnectionLimit)",
      ).argParser(parseMaxConnections),
    )
    .addOption(new Option('--workers <n>', 'worker threads of the data plane').argParser(parseWorkers))
    .addOption(new Option('--xds-protocol <name>', 'how Envoy asks pilot').choices(['delta', 'sotw']).default('delta'))
    .addOption(
      new Option('--drain-timeout <duration>', 'time for requests in flight at the end')
        .argParser(parseDuration)
        .default(5000, '5s'),
    );
}

export function proxyOptions(flags: ProxyFlags, defaultName: string): ProxyOptions {
  return {
    engine: flags.engine,
    name: flags.name ?? defaultName,
    namespace: flags.namespace,
    labels: flags.labels,
    metadata: flags.metadata,
    bind: flags.bind,
    portMap: flags.portMap,
    locality: flags.locality,
    nodeName: flags.nodeName,
    mounts: flags.mount ?? [],
    dnsServers: flags.dnsServer ?? [],
    metrics: flags.metrics === 'off' ? undefined : flags.metrics,
    workers: flags.workers,
    maxConnections: flags.maxConnections,
    xdsProtocol: flags.xdsProtocol,
    drainTimeoutMs: flags.drainTimeout,
  };
}

export interface LogFlags {
  readonly logLevel: LogLevel;
  readonly logFormat: 'text' | 'json';
}

export function addLogOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--log-level <level>', 'what is logged to standard error')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .addOption(new Option('--log-format <format>', 'format of that log').choices(['text', 'json']).default('text'));
}
