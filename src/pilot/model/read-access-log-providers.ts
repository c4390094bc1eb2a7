// extensionProviders and defaultProviders of the mesh settings, as far as they are about access logs in files.
import { checkAccessLogFormat } from './check-access-log-format.ts';
import { type AccessLogSettings, defaultJsonFormat, defaultTextFormat, type MeshSettings } from './mesh-settings.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Istio's own, which needs no settings. */
const builtIn: AccessLogSettings = { path: '/dev/stdout', format: { kind: 'text', template: defaultTextFormat } };

type Providers = Pick<MeshSettings, 'accessLogProviders' | 'defaultAccessLogProviders'>;

/** Throws with a reason that completes "The mesh settings …". */
export function readAccessLogProviders(settings: Record<string, unknown>): Providers {
  const listed = settings.extensionProviders ?? [];
  if (!Array.isArray(listed)) throw new Error('have extensionProviders that are not a list.');
  const accessLogProviders = new Map<string, AccessLogSettings>([['envoy', builtIn]]);
  for (const provider of listed) {
    if (!isRecord(provider) || typeof provider.name !== 'string')
      throw new Error('have an extensionProvider without a name.');
    const { envoyFileAccessLog: file } = provider;
    if (file === undefined) continue;
    if (!isRecord(file)) throw new Error(`have an envoyFileAccessLog of ${provider.name} that is not a mapping.`);
    accessLogProviders.set(provider.name, readFile(provider.name, file));
  }
  const defaults = settings.defaultProviders ?? {};
  const names = isRecord(defaults) ? (defaults.accessLogging ?? []) : undefined;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw new Error('have defaultProviders.accessLogging that is no list of names.');
  return { accessLogProviders, defaultAccessLogProviders: names };
}

function readFile(name: string, file: Record<string, unknown>): AccessLogSettings {
  const { path = '/dev/stdout', logFormat, omitEmptyValues = false } = file;
  if (typeof path !== 'string' || path === '')
    throw new Error(`have a path of extensionProvider ${name} that is no text.`);
  if (typeof omitEmptyValues !== 'boolean')
    throw new Error(`have an omitEmptyValues of extensionProvider ${name} that is neither true nor false.`);
  const format = readFormat(name, logFormat ?? undefined);
  const wrong = checkAccessLogFormat(format.template);
  if (wrong !== undefined) throw new Error(`have a logFormat of ${name} that no data plane takes: ${wrong}.`);
  return { path, format, ...(omitEmptyValues && { omitEmptyValues }) };
}

function readFormat(name: string, logFormat: unknown): AccessLogSettings['format'] {
  if (logFormat === undefined) return builtIn.format;
  const { text, labels } = isRecord(logFormat) ? logFormat : {};
  if (typeof text === 'string' && labels === undefined)
    return { kind: 'text', template: text.endsWith('\n') ? text : `${text}\n` };
  if (isRecord(labels) && text === undefined) {
    if (!Object.values(labels).every((value) => typeof value === 'string'))
      throw new Error(`have labels of extensionProvider ${name} that are not all text.`);
    const template = labels as Readonly<Record<string, string>>;
    return { kind: 'json', template: Object.keys(template).length === 0 ? defaultJsonFormat : template };
  }
  throw new Error(`have a logFormat of extensionProvider ${name} with neither text nor labels.`);
}
