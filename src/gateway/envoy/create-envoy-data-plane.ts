// The data plane that runs a real Envoy: its process, its way to pilot, its certificates, its logs, its readiness and its end.
import fs from 'node:fs';
import { type Logger, silentLogger } from '../../lib/logger.ts';
import { TidegateError } from '../../lib/tidegate-error.ts';
import type { NodeOptions } from '../../xds/node.ts';
import { type AccessLogSink, createAccessLogFeed } from '../access-log/create-access-log-feed.ts';
import type { BoundListener, DataPlane } from '../data-plane.ts';
import type { MountedSecrets } from '../secrets/create-mounted-secrets.ts';
import { formatStatisticsQuery } from '../statistics/parse-statistics-query.ts';
import { type BootstrapOptions, buildBootstrap, type XdsProtocol } from './build-bootstrap.ts';
import { type AdminAnswer, createEnvoyAdmin, isReadableAdminPath } from './create-envoy-admin.ts';
import { createEnvoyProcess } from './create-envoy-process.ts';
import { createFileSecretServer } from './create-file-secret-server.ts';
import { createListenerRecovery } from './create-listener-recovery.ts';
import { createRelay } from './create-relay.ts';
import { createSupervisor } from './create-supervisor.ts';
import { drainEnvoy } from './drain-envoy.ts';
import { type Fifo, openFifo } from './open-fifo.ts';
import { parseConfigDump, parseListenerStates } from './parse-config-dump.ts';
import { parseLogLine } from './parse-log-line.ts';
import { createRuntimeDirectory, type RuntimeDirectory } from './runtime-directory.ts';

export interface EnvoyDataPlaneOptions {
  /** Path of the Envoy binary: of `locateEnvoy` or `fetchEnvoy`. */
  readonly binary: string;
  readonly node: NodeOptions;
  /** Where pilot serves ADS: `unix:/path` or `host:port`. */
  readonly pilot: string;
  /** Closed by whoever made it. */
  readonly secrets: MountedSecrets;
  readonly xdsProtocol?: XdsProtocol;
  /** Asked for the names of endpoints, in place of the machine's own. */
  readonly dnsServers?: BootstrapOptions['dnsServers'];
  readonly maxConnections?: number;
  /** Worker threads; Envoy's own default is one per core. */
  readonly concurrency?: number;
  /** How long connections of a listener that changed or went may live on. */
  readonly drainTimeS?: number;
  /** Envoy's own messages below warnings are many: hundreds at each start. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn';
  readonly statsPrefixes?: readonly string[];
  /** Where access log lines are kept; a feed of its own if absent. */
  readonly accessLog?: AccessLogSink;
  /** Gets every line Envoy writes to `/dev/stdout`, in full. */
  readonly accessLogOutput?: (line: string) => void;
  readonly logger?: Logger;
}

export interface EnvoyDataPlane extends DataPlane {
  /** Undefined for paths that are not open to people; TidegateError `unavailable` while Envoy does not answer. */
  envoyAdmin(path: string): Promise<AdminAnswer | undefined>;
  /** The process id, while one runs. */
  pid(): number | undefined;
}

const startTimeoutMs = 60_000;
const busyLookMs = 100;
const idleLookMs = 1000;
/** Of Envoy's errors, for the message when it cannot start. */
const keptErrors = 5;

/** Envoy puts the whole bootstrap into a message about it; what is wrong stands at the end. */
const shorten = (message: string): string =>
  message.length > 600 ? `${message.slice(0, 100)} … ${message.slice(-400)}` : message;

interface Machinery {
  readonly directory: RuntimeDirectory;
  readonly fifos: readonly Fifo[];
  readonly supervisor: ReturnType<typeof createSupervisor>;
  readonly relay: ReturnType<typeof createRelay>;
  readonly secretServer: ReturnType<typeof createFileSecretServer>;
  readonly admin: ReturnType<typeof createEnvoyAdmin>;
}

export function createEnvoyDataPlane(options: EnvoyDataPlaneOptions): EnvoyDataPlane {
  const logger = options.logger ?? silentLogger;
  const accessLog = options.accessLog ?? createAccessLogFeed();
  const readiness = Promise.withResolvers<void>();
  // Whoever never asks whether it is ready need not handle that it never was.
  readiness.promise.catch(() => undefined);
  const lastErrors: string[] = [];
  let machinery: Machinery | undefined;
  let isServing = false;
  let ending: Promise<void> | undefined;
  let lookTimer: NodeJS.Timeout | undefined;

  const recovery = createListenerRecovery({ resend: () => machinery?.relay.reset(), logger });

  const onAccessLogLine = (line: string): void => {
    accessLog.push(line);
    options.accessLogOutput?.(line);
  };

  const onLogLine = (line: string): void => {
    const parsed = parseLogLine(line);
    if (parsed === undefined) {
      if (line !== '') logger.info({ component: 'stderr' }, line);
      return;
    }
    const { level, component, message } = parsed;
    if (level === 'error') lastErrors.splice(0, lastErrors.length + 1 - keptErrors, shorten(message));
    // One failed listener is told by Envoy in four ways: once, in our words, is enough.
    const isKnown =
      recovery.note(message) || /config.*Listener rejected: |^listener '.*' failed to bind /.test(message);
    // That its streams end is no news when we end it.
    const isExpected = isKnown || (ending !== undefined && level === 'warn');
    logger[isExpected ? 'debug' : level]({ component }, message);
  };

  const build = (): Machinery => {
    const directory = createRuntimeDirectory();
    const xdsProtocol = options.xdsProtocol ?? 'delta';
    const bootstrap = buildBootstrap({
      node: options.node,
      adsSocket: directory.file('ads.sock'),
      sdsSocket: directory.file('sds.sock'),
      adminSocket: directory.file('admin.sock'),
      xdsProtocol,
      dnsServers: options.dnsServers ?? [],
      ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
      statsPrefixes: options.statsPrefixes ?? [],
    });
    fs.writeFileSync(directory.file('bootstrap.json'), JSON.stringify(bootstrap, undefined, 2), { mode: 0o600 });
    const stdout = openFifo(directory.file('stdout'), onAccessLogLine);
    const stderr = openFifo(directory.file('stderr'), onLogLine);
    const launch = () => {
      fs.rmSync(directory.file('admin.sock'), { force: true });
      return createEnvoyProcess({
        binary: options.binary,
        folder: directory.path,
        concurrency: options.concurrency,
        drainTimeS: options.drainTimeS ?? 45,
        logLevel: options.logLevel ?? 'warn',
        stdoutFd: stdout.writeFd,
        stderrFd: stderr.writeFd,
      });
    };
    const onExit = (): void => {
      isServing = false;
      recovery.forget();
    };
    return {
      directory,
      fifos: [stdout, stderr],
      supervisor: createSupervisor({ launch, onExit, logger }),
      relay: createRelay({ socket: directory.file('ads.sock'), pilot: options.pilot, logger }),
      secretServer: createFileSecretServer(options.secrets, logger),
      admin: createEnvoyAdmin(directory.file('admin.sock')),
    };
  };

  const readListeners = async (running: Machinery): Promise<readonly BoundListener[]> => {
    const { body } = await running.admin.get('/config_dump?resource=dynamic_listeners');
    return parseListenerStates(body);
  };

  /** LIVE means that all is there to start the workers; only then do listeners take connections. */
  const takesConnections = async ({ admin }: Machinery): Promise<boolean> => {
    if ((await admin.get('/ready')).status !== 200) return false;
    const { body } = await admin.get('/stats?filter=^listener_manager.workers_started$');
    return body.trim() === 'listener_manager.workers_started: 1';
  };

  /** Looks after Envoy as long as there is one: is it ready, which of its listeners have failed? */
  const look = async (running: Machinery): Promise<void> => {
    try {
      if (!isServing && (await takesConnections(running))) {
        // That comes with the first listeners; those that a reconnect brings may still be warming.
        const serving = await readListeners(running);
        if (serving.every((listener) => listener.state === 'listening')) {
          isServing = true;
          logger.info({ listeners: serving.length }, 'Envoy serves');
          readiness.resolve();
        }
      }
      if (isServing) await recovery.look(recovery.failed().length > 0 ? await readListeners(running) : []);
    } catch {
      // Starting, or in a pause after it died: the next look finds out.
    }
    if (ending === undefined) lookTimer = setTimeout(() => void look(running), isServing ? idleLookMs : busyLookMs);
  };

  /** Until Envoy's admin server answers: then its bootstrap was good. */
  const waitUntilRunning = async (running: Machinery): Promise<void> => {
    const first = running.supervisor.current();
    const exited = first?.exited.then((exit) => exit.reason) ?? Promise.resolve('it could not be started');
    const giveUpAt = Date.now() + startTimeoutMs;
    for (;;) {
      const pause = new Promise<undefined>((resolve) => setTimeout(resolve, 50, undefined));
      const reason = await Promise.race([exited, pause]);
      const cause = reason ?? (Date.now() > giveUpAt ? `no answer within ${startTimeoutMs} ms` : undefined);
      if (cause !== undefined) {
        // What it wrote last may still be on its way through the FIFO.
        await new Promise((resolve) => setTimeout(resolve, 100));
        throw new TidegateError(
          'envoy-failed',
          `Envoy (${options.binary}) does not run: ${[cause, ...lastErrors].join('; ')}`,
          {
            hint: 'Check that TIDEGATE_ENVOY, if set, is an Envoy 1.40, or use `--engine embedded`.',
          },
        );
      }
      const answers = await running.admin.get('/ready').then(
        () => true,
        () => false,
      );
      if (answers) return;
    }
  };

  const shutDown = async (running: Machinery): Promise<void> => {
    clearTimeout(lookTimer);
    await running.supervisor.stop();
    isServing = false;
    running.relay.close();
    await running.secretServer.close();
    // What Envoy wrote at its end is still in the FIFOs.
    await new Promise((resolve) => setImmediate(resolve));
    for (const fifo of running.fifos) fifo.close();
    running.directory.remove();
  };

  const end = (timeoutMs: number): Promise<void> => {
    ending ??= (async () => {
      readiness.reject(new TidegateError('unavailable', 'the gateway was stopped before it was ready'));
      const running = machinery;
      if (running === undefined) return;
      const envoy = running.supervisor.current();
      if (envoy !== undefined && isServing && timeoutMs > 0) {
        isServing = false;
        const isComplete = await drainEnvoy(running.admin, timeoutMs, envoy.exited);
        if (!isComplete) logger.warn({ timeoutMs }, 'requests were still under way when the time to drain was over');
      }
      await shutDown(running);
    })();
    return ending;
  };

  return {
    async start() {
      if (machinery !== undefined || ending !== undefined)
        throw new TidegateError('internal', 'the data plane was started twice');
      const running = build();
      machinery = running;
      try {
        await running.relay.listen();
        await running.secretServer.listen(`unix:${running.directory.file('sds.sock')}`);
        running.supervisor.start();
        await waitUntilRunning(running);
      } catch (error) {
        await end(0);
        throw error;
      }
      void look(running);
    },
    ready: () => readiness.promise,
    isReady: () => isServing,
    drain: end,
    async listeners() {
      if (machinery?.supervisor.current() === undefined) return [];
      const failed = recovery.failed();
      const serving = await readListeners(machinery);
      const error = (name: string): string | undefined => failed.find((listener) => listener.name === name)?.error;
      const missing = failed.filter((listener) => !serving.some(({ name }) => name === listener.name));
      const all = [...serving.map((listener) => ({ ...listener, error: error(listener.name) })), ...missing];
      return all.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async configDump() {
      if (machinery === undefined) throw new TidegateError('unavailable', 'Envoy is not running');
      return parseConfigDump((await machinery.admin.get('/config_dump?include_eds')).body);
    },
    async statistics(query) {
      if (machinery === undefined) throw new TidegateError('unavailable', 'Envoy is not running');
      const { status, contentType, body } = await machinery.admin.get(formatStatisticsQuery(query));
      if (status !== 200) throw new TidegateError('unavailable', `Envoy does not tell its statistics: ${body.trim()}`);
      return { contentType, body };
    },
    diagnostics: () => [
      ...(machinery?.supervisor.diagnostics() ?? []),
      ...recovery.diagnostics(),
      ...options.secrets.diagnostics(),
    ],
    accessLog,
    async envoyAdmin(path) {
      if (!isReadableAdminPath(path)) return undefined;
      if (machinery === undefined) throw new TidegateError('unavailable', 'Envoy is not running');
      return machinery.admin.get(path);
    },
    pid: () => machinery?.supervisor.current()?.pid,
  };
}
