// The requests of test/features/<feature>/requests.yaml, sent through both data planes: the golden folders in real traffic.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { type BackendDefinition, Backends } from '../corpus/lib/backends.mjs';
import { type CorpusRequest, type CorpusResult, runRequest } from '../corpus/lib/core.mjs';
import { type AuthzServer, type AuthzServerDefinition, type Check, startAuthzServer } from './harness/authz-server.ts';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { type DnsAnswer, type DnsServer, startDnsServer } from './harness/dns-server.ts';
import { portMapFor } from './harness/free-ports.ts';
import { requireLinux } from './harness/require-tool.ts';
import { fillInTokens, type TokenDefinition } from './harness/sign-token.ts';
import { repositoryRoot, startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { startTunnelProxy, type TunnelProxyDefinition } from './harness/tunnel-proxy.ts';
import { waitUntil } from './harness/wait-until.ts';

const featuresFolder = join(repositoryRoot, 'test/features');
/** The corpus' own, and what they are without. */
const certificates = ['test/corpus/certs', 'test/e2e/certificates'].map((folder) => join(repositoryRoot, folder));

function certificateFile(name: string): string {
  const found = certificates.map((folder) => join(folder, name)).find((file) => existsSync(file));
  assert.ok(found, `no certificate ${name}`);
  return found;
}

/** What a request is to get; fields that are absent are not compared. */
interface Expectation {
  readonly status?: number;
  /** `addr:port` of the application that answers. */
  readonly backend?: string;
  readonly headers?: Headers;
  readonly body?: string;
  /** What came back over a WebSocket. */
  readonly frame?: string;
  readonly tls?: string;
  /** Of TLS. */
  readonly version?: string;
  /** Common name of the gateway's certificate. */
  readonly cn?: string;
  readonly connect?: string;
  /** What came in the place of an answer. */
  readonly noResponse?: string;
  /** All that a TCP connection brought. */
  readonly received?: string;
  /** What each try was answered by its application; null where it gave none. */
  readonly answered?: readonly (number | null)[];
  /** What several requests at a time came to, with how often. */
  readonly counts?: Readonly<Record<string, number>>;
  /** As `counts`, in parts of 1, within five times what chance makes of them; none but these may come. */
  readonly shares?: Readonly<Record<string, number>>;
  /** As `shares`, and others may come too. */
  readonly rest?: Readonly<Record<string, number>>;
  /** What the application saw of TLS. */
  readonly seenTls?: Readonly<Record<string, string | null>>;
  /** h1 or h2, as the application was spoken to. */
  readonly seenProtocol?: string;
  /** Path and headers as the application saw them first. */
  readonly seenPath?: string;
  readonly seenHeaders?: Headers;
  /** What the servers of kind authz-http, authz-grpc, tunnel-http1 and tunnel-http2 were asked. */
  readonly checks?: readonly ExpectedCheck[];
  /** Copies of the request, by the application that saw them: what its answer is not made of. */
  readonly copies?: readonly Copy[];
}

interface Copy {
  readonly backend: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Headers;
}

interface ExpectedCheck {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Headers;
  /** Of gRPC: fields of the CheckRequest by their path, `attributes.request.http.method`. */
  readonly request?: Readonly<Record<string, unknown>>;
}

interface FeatureRequests {
  /** Elsewhere in the file `${token NAME}` stands for one, and `${payload NAME}` for its middle part. */
  readonly tokens?: Readonly<Record<string, TokenDefinition>>;
  readonly backends?: readonly (BackendDefinition | AuthzServerDefinition | TunnelProxyDefinition)[];
  readonly files?: Readonly<Record<string, string>>;
  /** What the gateway's DNS server says of names; of others that there are none. */
  readonly dns?: Readonly<Record<string, DnsAnswer>>;
  readonly requests: readonly (Partial<CorpusRequest> & { readonly name: string; readonly expect: Expectation })[];
  /** All lines on standard output that begin in one of these ways (the ports table is there too), when all requests are through. */
  readonly log?: { readonly begins: readonly string[]; readonly lines: readonly string[] };
}

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** Values of the names in lower case, repeated ones joined; null where there is none. */
type Headers = Readonly<Record<string, string | null>>;

function pickHeaders(pairs: unknown, wanted: Headers): Headers {
  const list = Array.isArray(pairs) ? (pairs as readonly (readonly [string, string])[]) : [];
  return Object.fromEntries(
    Object.keys(wanted).map((name) => {
      const values = list.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
      return [name, values.length === 0 ? null : values.join(', ')];
    }),
  );
}

const numberOf = (value: unknown): number => Number(/^127\.\d+\.\d+\.(\d+):/.exec(String(value))?.[1]);

/** Sorted by their application, since they come in no order. */
function copiesOf(seen: readonly Fields[], expected: readonly Copy[]): readonly Copy[] {
  const copies = seen.toSorted((a, b) => numberOf(a.backend) - numberOf(b.backend));
  return copies.map((copy, i) => {
    const wanted = expected[i] ?? { backend: '' };
    const all: Fields = { ...copy, headers: pickHeaders(copy.headers, wanted.headers ?? {}) };
    return Object.fromEntries(Object.keys(wanted).map((key) => [key, all[key]])) as unknown as Copy;
  });
}

/** Keys themselves may have dots in them. */
function fieldAt(value: unknown, path: string): unknown {
  const fields = fieldsOf(value);
  const key = Object.keys(fields).find((name) => path === name || path.startsWith(`${name}.`));
  if (key === undefined) return null;
  return key === path ? fields[key] : fieldAt(fields[key], path.slice(key.length + 1));
}

function checksOf(checks: readonly Check[], expected: readonly ExpectedCheck[]): readonly ExpectedCheck[] {
  return checks.map((check, i) => {
    const wanted = expected[i] ?? { method: '', path: '' };
    const fields = Object.keys(wanted.request ?? {}).map((path) => [path, fieldAt(check.request, path)]);
    const all: Fields = {
      ...check,
      headers: pickHeaders(check.headers, wanted.headers ?? {}),
      request: Object.fromEntries(fields),
    };
    return Object.fromEntries(Object.keys(wanted).map((key) => [key, all[key]])) as ExpectedCheck;
  });
}

function readRequests(file: string): FeatureRequests {
  const text = readFileSync(file, 'utf8');
  const { tokens } = parse(text, { merge: true }) as FeatureRequests;
  return tokens === undefined ? parse(text, { merge: true }) : parse(fillInTokens(text, tokens), { merge: true });
}

/** The part of the outcome that the expectation speaks of, so that the two can be compared whole. */
function observe(
  result: CorpusResult & { readonly seen?: readonly unknown[]; readonly counts?: Readonly<Record<string, number>> },
  checks: readonly Check[],
  expected: Expectation,
): Expectation {
  const response = fieldsOf(result.response);
  const everything = (result.seen ?? []).map(fieldsOf);
  const answering = fieldsOf(response.body).echo;
  // A copy may come before the request itself.
  const tries = expected.copies === undefined ? everything : everything.filter((one) => one.backend === answering);
  const seen = tries[0] ?? {};
  const all: Fields = {
    ...response,
    backend: answering,
    headers: pickHeaders(response.headers, expected.headers ?? {}),
    answered: tries.map((one) => one.answered ?? null),
    copies: copiesOf(
      everything.filter((one) => !tries.includes(one)),
      expected.copies ?? [],
    ),
    checks: checksOf(checks, expected.checks ?? []),
    counts: result.counts,
    shares: sharesOf(result.counts, expected.shares ?? {}),
    rest: pick(sharesOf(result.counts, expected.rest ?? {}), Object.keys(expected.rest ?? {})),
    seenProtocol: seen.proto,
    seenTls: seen.tls as Expectation['seenTls'],
    seenPath: seen.path,
    seenHeaders: pickHeaders(seen.headers, expected.seenHeaders ?? {}),
  };
  return Object.fromEntries(Object.keys(expected).map((key) => [key, all[key]])) as Expectation;
}

const pick = (shares: Readonly<Record<string, number>>, outcomes: readonly string[]) =>
  Object.fromEntries(outcomes.map((outcome) => [outcome, shares[outcome] ?? 0]));

/** Those as far from what is wanted as chance explains become what is wanted. */
function sharesOf(
  counts: Readonly<Record<string, number>> | undefined,
  wanted: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const total = Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(
    Object.keys({ ...wanted, ...counts }).map((outcome) => {
      const share = (counts?.[outcome] ?? 0) / total;
      const want = wanted[outcome] ?? 0;
      const tolerance = 5 * Math.sqrt((want * (1 - want)) / total) + Number.EPSILON;
      return [outcome, Math.abs(share - want) <= tolerance ? want : share];
    }),
  );
}

const isAuthz = (definition: { readonly kind?: string }): definition is AuthzServerDefinition =>
  definition.kind === 'authz-http' || definition.kind === 'authz-grpc';

const isTunnelProxy = (definition: { readonly kind?: string }): definition is TunnelProxyDefinition =>
  definition.kind === 'tunnel-http1' || definition.kind === 'tunnel-http2';

/** Where proxy.yaml has the gateway. */
function placeFlags(folder: string): readonly string[] {
  const file = join(folder, 'proxy.yaml');
  const { namespace, locality, nodeName, labels, maxConnections } = fieldsOf(
    existsSync(file) ? parse(readFileSync(file, 'utf8')) : undefined,
  );
  return [
    ...(typeof maxConnections === 'number' ? ['--max-connections', `${maxConnections}`] : []),
    ...(typeof namespace === 'string' ? ['--namespace', namespace] : []),
    ...(typeof locality === 'string' ? ['--locality', locality] : []),
    ...(typeof nodeName === 'string' ? ['--node-name', nodeName] : []),
    ...Object.entries(fieldsOf(labels)).flatMap(([name, value]) => ['--labels', `${name}=${value}`]),
  ];
}

const features = readdirSync(featuresFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(featuresFolder, entry.name, 'requests.yaml')))
  .map((entry) => entry.name);

/** What finding a route by scopes could change. The other folders too where all is asked for: `TIDEGATE_ROUTE_MODE=scoped`. */
const scopedFeatures: ReadonlySet<string> = new Set([
  ...['default-export-to', 'ext-authz-grpc', 'ext-authz-http', 'host-matching', 'jwt-claims', 'misdirected-request'],
  ...['several-virtual-services-per-host', 'telemetry-access-log'],
]);
const { TIDEGATE_ROUTE_MODE: wantedMode } = process.env;
const runs = (
  wantedMode === undefined
    ? [
        { mode: 'shared', chosen: features },
        { mode: 'scoped', chosen: features.filter((one) => scopedFeatures.has(one)) },
      ]
    : [{ mode: wantedMode, chosen: features }]
).flatMap((run) => dataPlaneNames.map((dataPlane) => ({ ...run, dataPlane })));

for (const { mode, chosen, dataPlane } of runs)
  describe(`features on ${dataPlane}${mode === 'shared' ? '' : `, ${mode}`}`, {
    skip: requireLinux() || skipDataPlane(dataPlane),
  }, () => {
    for (const feature of chosen)
      describe(feature, () => {
        const folder = join(featuresFolder, feature);
        const {
          backends: definitions = [],
          files = {},
          dns: names,
          requests,
          log,
        } = readRequests(join(folder, 'requests.yaml'));
        let temporary: string | undefined;
        const backends = new Backends();
        const authzServers: AuthzServer[] = [];
        let dns: DnsServer | undefined;
        let tidegate: TidegateProcess;
        let portMap: Record<number, number> = {};

        before(async () => {
          const mounts: Record<string, string> = {};
          temporary = mkdtempSync(join(tmpdir(), 'tidegate-feature-'));
          for (const [path, certificate] of Object.entries(files)) {
            const local = join(temporary, path);
            mkdirSync(dirname(local), { recursive: true });
            copyFileSync(certificateFile(certificate), local);
            mounts[dirname(path)] = dirname(local);
          }
          const manifests = readFileSync(join(folder, 'manifests.yaml'), 'utf8');
          const numbers = [...manifests.matchAll(/\bnumber: (\d+)/g)].map((match) => Number(match[1]));
          portMap = await portMapFor([...numbers, ...requests.map((request) => request.port ?? 80)]);
          await backends.start(
            definitions.filter((one): one is BackendDefinition => !isAuthz(one) && !isTunnelProxy(one)),
          );
          for (const definition of definitions.filter(isTunnelProxy))
            authzServers.push(await startTunnelProxy(definition));
          for (const definition of definitions.filter(isAuthz)) authzServers.push(await startAuthzServer(definition));
          dns = names && (await startDnsServer());
          for (const [name, answer] of Object.entries(names ?? {})) dns?.set(name, answer);
          tidegate = await startTidegate({
            manifests: [join(folder, 'manifests.yaml')],
            dataPlane,
            portMap,
            mounts,
            args: ['--route-mode', mode, ...placeFlags(folder), ...(dns ? ['--dns-server', dns.address] : [])],
          });
        });
        after(async () => {
          await tidegate?.stop();
          await dns?.stop();
          await backends.stop();
          for (const server of authzServers) await server.stop();
          if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
        });

        for (const { expect, ...request } of requests)
          it(request.name, async () => {
            const result = await runRequest(
              { protocol: 'http', port: 80, ...request },
              {
                source: request.source ?? null,
                target: (port) => ({ host: '127.0.0.1', port: portMap[port] ?? port }),
                rewrite: (value) => value,
                unrewrite: (value) => value,
                backends,
                accessLog: undefined,
                wantAccessLog: false,
              },
            );
            assert.equal(result.clientError, undefined);
            const checks = authzServers.flatMap((server) => server.drain());
            assert.deepEqual(observe(result, checks, expect), expect, JSON.stringify({ result, checks }));
          });

        if (log !== undefined)
          it('writes this access log', async () => {
            const logged = (): readonly string[] =>
              tidegate
                .stdout()
                .split('\n')
                .filter((line) => log.begins.some((beginning) => line.startsWith(beginning)));
            // The last line is of the last request: nothing comes after it.
            await waitUntil('the last line of the log', () => logged().includes(log.lines.at(-1) ?? ''));
            assert.deepEqual(logged().toSorted(), log.lines.toSorted());
          });
      });
  });
