// One admin request to one view: paths, parameters and what each process does not have.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseLogFilter } from './log-filter.ts';
import { respond, respondError, respondJson, respondText } from './respond.ts';
import { streamLog } from './stream-log.ts';
import { type AdminViews, type ConfigDumpView, type DumpType, dumpTypes } from './views.ts';

const maxFilters = 16;

type Handler = (
  views: AdminViews,
  url: URL,
  response: ServerResponse,
  request: IncomingMessage,
) => void | Promise<void>;

const notHere = (views: AdminViews, what: string): string => `this ${views.role} process does not have ${what}`;

/** Only the types asked for: `?types=CDS,RDS`. Undefined if one is unknown. */
function selectTypes(dump: ConfigDumpView, types: string | null): Partial<ConfigDumpView> | undefined {
  if (types === null || types === '') return dump;
  const names = types.toUpperCase().split(',');
  if (!names.every((name): name is DumpType => dumpTypes.some((type) => type === name))) return undefined;
  return Object.fromEntries(names.map((name) => [name, dump[name]]));
}

const configDump: Handler = async (views, url, response) => {
  const proxy = url.searchParams.get('proxy') ?? undefined;
  const view = url.searchParams.get('view') ?? 'actual';
  if (view !== 'intended' && view !== 'actual')
    return respondError(response, 400, `view is "intended" or "actual", not "${view}"`);
  if (view === 'intended' && proxy === undefined) return respondError(response, 400, 'name the proxy: ?proxy=ID');
  const isHere = view === 'intended' ? views.intended !== undefined : views.actual !== undefined;
  if (!isHere) {
    return respondError(
      response,
      404,
      notHere(views, `the ${view} configuration`),
      view === 'actual' ? 'Ask the gateway.' : 'Ask pilot.',
    );
  }
  const dump = view === 'intended' ? views.intended?.(proxy ?? '') : await views.actual?.(proxy);
  if (!dump) return respondError(response, 404, `no proxy ${proxy ?? ''}`, 'See /debug/syncz for those connected.');
  const selected = selectTypes(dump, url.searchParams.get('types'));
  if (!selected) return respondError(response, 400, `types is a list of ${dumpTypes.join(', ')}`);
  respondJson(response, 200, selected);
};

const resync: Handler = (views, url, response) => {
  const proxy = url.searchParams.get('proxy');
  if (!views.resync) return respondError(response, 404, notHere(views, 'the xDS streams'), 'Ask pilot.');
  if (!proxy) return respondError(response, 400, 'name the proxy: ?proxy=ID');
  if (!views.resync(proxy))
    return respondError(response, 404, `no proxy ${proxy}`, 'See /debug/syncz for those connected.');
  respondJson(response, 200, { resynced: proxy });
};

const logs: Handler = (views, url, response, request) => {
  if (!views.accessLog) return respondError(response, 404, notHere(views, 'access logs'), 'Ask the gateway.');
  const tail = url.searchParams.get('tail') ?? '100';
  if (!/^\d{1,7}$/.test(tail)) return respondError(response, 400, 'tail is a number of lines');
  const filters = url.searchParams.getAll('filter').filter((filter) => filter !== '');
  if (filters.length > maxFilters) return respondError(response, 400, `at most ${maxFilters} filters`);
  streamLog(response, views.accessLog, {
    filters: filters.map(parseLogFilter),
    tail: Number(tail),
    follow: url.searchParams.get('follow') === '1' && request.method === 'GET',
  });
};

const stats: Handler = async (views, url, response) => {
  const answer = await views.statistics?.(url.searchParams);
  if (answer === undefined) respondText(response, 200, ownNumbers(views).join('\n'));
  else if (answer.kind === 'invalid') respondError(response, 400, answer.error, answer.hint);
  else respond(response, 200, answer.contentType, answer.body);
};

const prometheus: Handler = async (views, url, response) => {
  const own = ownNumbers(views).flatMap((line) => [`# TYPE ${line.split(' ', 1)[0]} gauge\n`, `${line}\n`]);
  const answer = await views.statistics?.(url.searchParams, 'prometheus');
  if (answer?.kind === 'invalid') return respondError(response, 400, answer.error, answer.hint);
  const type = answer?.contentType ?? 'text/plain; version=0.0.4; charset=utf-8';
  respond(response, 200, type, own.join('') + (answer?.body ?? ''));
};

function ownNumbers(views: AdminViews): readonly string[] {
  const numbers = { uptime_seconds: Math.floor((Date.now() - views.startedAt) / 1000), ...views.stats() };
  return Object.entries(numbers).map(([name, value]) => `tidegate_${name} ${value}`);
}

export interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly handle: Handler;
}

export const endpoints: Readonly<Record<string, Endpoint>> = {
  '/healthz': { method: 'GET', handle: (_views, _url, response) => respondText(response, 200, 'ok') },
  '/ready': {
    method: 'GET',
    handle: (views, _url, response) =>
      views.isReady() ? respondText(response, 200, 'ready') : respondText(response, 503, 'not ready'),
  },
  '/version': {
    method: 'GET',
    handle: (views, _url, response) => respondJson(response, 200, { version: views.version, role: views.role }),
  },
  '/stats': { method: 'GET', handle: stats },
  '/stats/prometheus': { method: 'GET', handle: prometheus },
  '/debug/syncz': {
    method: 'GET',
    handle: (views, _url, response) =>
      views.proxies
        ? respondJson(response, 200, views.proxies())
        : respondError(response, 404, notHere(views, 'the xDS streams'), 'Ask pilot.'),
  },
  '/debug/config_dump': { method: 'GET', handle: configDump },
  '/debug/resync': { method: 'POST', handle: resync },
  '/debug/ports': {
    method: 'GET',
    handle: async (views, _url, response) =>
      views.ports
        ? respondJson(response, 200, await views.ports())
        : respondError(response, 404, notHere(views, 'the port table'), 'Ask the process that runs the gateway.'),
  },
  '/debug/diagnostics': {
    method: 'GET',
    handle: (views, _url, response) => respondJson(response, 200, views.diagnostics()),
  },
  '/logs': { method: 'GET', handle: logs },
};

/** What an address may show that is open to others: nothing of the configuration. */
export const metricsEndpoints: typeof endpoints = {
  '/stats/prometheus': { method: 'GET', handle: prometheus },
  '/healthz': { method: 'GET', handle: (_views, _url, response) => respondText(response, 200, 'ok') },
};
