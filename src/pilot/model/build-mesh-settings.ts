// ConfigMap `istio` in the root namespace → mesh settings; a mistake in it keeps what was in force.
import { parse } from 'yaml';
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { booleanField, messageField, messagesField, stringsField } from '../resources/fields.ts';
import { type Message, openFields, type ParseContext, shorten } from '../resources/message.ts';
import { isLabel } from '../resources/names.ts';
import { parseRetry } from '../resources/parse-retry.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import type { HttpRetry } from '../resources/virtual-service.ts';
import { retryFields } from '../resources/virtual-service-fields.ts';
import { checkAccessLogFormat } from './check-access-log-format.ts';
import { defaultProvidersFields, extensionProviderFields, meshFields } from './mesh-fields.ts';
import {
  type AccessLogFormat,
  defaultJsonFormat,
  defaultMeshSettings,
  defaultTextFormat,
  defaultTrustDomain,
  type JsonFormat,
  type MeshSettings,
} from './mesh-settings.ts';
import { defaultProxyConfig } from './proxy-config.ts';
import { readAccessLogProviders } from './read-access-log-providers.ts';
import { readDiscoverySelectors } from './read-discovery-selectors.ts';
import { readExtAuthzProviders } from './read-ext-authz-providers.ts';
import { proxyConfigFields, readProxyConfig } from './read-proxy-config.ts';
import { readTlsDefaults, readUpstreamSettings } from './read-upstream-settings.ts';
import { type Finding, report } from './report.ts';

interface Result {
  readonly mesh: MeshSettings;
  readonly diagnostics: readonly Diagnostic[];
}

const path = ['data', 'mesh'] as const;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isJsonFormat(value: unknown): value is JsonFormat {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return true;
  if (Array.isArray(value)) return value.every(isJsonFormat);
  return isRecord(value) && Object.values(value).every(isJsonFormat);
}

/** Throws with a reason that completes "The mesh settings …". */
function readFormat(settings: Record<string, unknown>): AccessLogFormat {
  const encoding = settings.accessLogEncoding ?? 'TEXT';
  const format = settings.accessLogFormat ?? '';
  if (encoding !== 'TEXT' && encoding !== 'JSON')
    throw new Error(`name the accessLogEncoding ${JSON.stringify(encoding)}; it is TEXT or JSON.`);
  if (typeof format !== 'string') throw new Error('have an accessLogFormat that is not a string.');
  if (encoding === 'TEXT') {
    const template = format === '' ? defaultTextFormat : format.endsWith('\n') ? format : `${format}\n`;
    const wrong = checkAccessLogFormat(template);
    if (wrong !== undefined) throw new Error(`have an accessLogFormat that no data plane takes: ${wrong}.`);
    return { kind: 'text', template };
  }
  if (format === '') return { kind: 'json', template: defaultJsonFormat };
  let template: unknown;
  try {
    template = JSON.parse(format);
  } catch {
    throw new Error('have accessLogEncoding JSON and an accessLogFormat that is not JSON.');
  }
  if (!isRecord(template) || !isJsonFormat(template))
    throw new Error('have accessLogEncoding JSON and an accessLogFormat that is not a JSON object.');
  const wrong = checkAccessLogFormat(template);
  if (wrong !== undefined) throw new Error(`have an accessLogFormat that no data plane takes: ${wrong}.`);
  return { kind: 'json', template };
}

function readSettings(text: string): Record<string, unknown> {
  let settings: unknown;
  try {
    settings = parse(text, { prettyErrors: false, logLevel: 'error' });
  } catch (thrown) {
    throw new Error(`are not valid YAML: ${thrown instanceof Error ? thrown.message : String(thrown)}.`);
  }
  if (settings === null || settings === undefined) return {};
  if (!isRecord(settings)) throw new Error('are not a mapping.');
  return settings;
}

function readText(settings: Record<string, unknown>, name: string): string | undefined {
  const value = settings[name] ?? undefined;
  if (value !== undefined && typeof value !== 'string') throw new Error(`have an ${name} that is not a string.`);
  return value || undefined;
}

/** Kubernetes has no namespace of another name: one that is misspelt must not cost the policies of the whole mesh. */
function readRootNamespace({ rootNamespace }: Record<string, unknown>): string {
  const name = rootNamespace ?? defaultMeshSettings.rootNamespace;
  if (typeof name !== 'string') throw new Error('have a rootNamespace that is not a string.');
  if (name !== '' && !isLabel(name))
    throw new Error(`name the rootNamespace ${shorten(name)}, which is no namespace in Kubernetes.`);
  return name;
}

/** Labels of DNS with dots between them, and perhaps one at the end. */
const isTrustDomain = (domain: unknown): domain is string =>
  typeof domain === 'string' && domain !== '' && domain.replace(/\.$/, '').split('.').every(isLabel);

function readTrustDomains({ trustDomain, trustDomainAliases }: Record<string, unknown>): readonly string[] {
  const domain = trustDomain ?? defaultTrustDomain;
  const aliases = trustDomainAliases ?? [];
  if (!isTrustDomain(domain)) throw new Error('have a trustDomain that is no name in DNS, in lower case.');
  if (!Array.isArray(aliases) || !aliases.every(isTrustDomain))
    throw new Error('have trustDomainAliases that are no list of names in DNS, in lower case.');
  return [...new Set([domain, ...aliases.toSorted()])];
}

const modes = ['STRICT', 'DEFAULT', 'OFF'] as const;

/** The label that gateways carry is their selector's, else their Service's name; istio-ingressgateway is the one exception. */
function readIngress(settings: Record<string, unknown>): MeshSettings['ingress'] {
  const text = readText(settings, 'ingressControllerMode');
  const controllerMode = modes.find((mode) => mode === (text ?? 'STRICT'));
  if (controllerMode === undefined)
    throw new Error(`name the ingressControllerMode ${JSON.stringify(text)}; it is STRICT, DEFAULT or OFF.`);
  const service = readText(settings, 'ingressService');
  const label = readText(settings, 'ingressSelector') ?? (service === 'istio-ingressgateway' ? undefined : service);
  const { ingress } = defaultMeshSettings;
  return {
    class: readText(settings, 'ingressClass') ?? ingress.class,
    controllerMode,
    selector: label === undefined ? ingress.selector : { istio: label },
  };
}

const normalizations = ['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'] as const;

function readPathNormalization({ pathNormalization }: Record<string, unknown>): MeshSettings['pathNormalization'] {
  if (pathNormalization === undefined || pathNormalization === null) return 'BASE';
  const normalization = isRecord(pathNormalization) ? (pathNormalization.normalization ?? 'DEFAULT') : undefined;
  if (normalization === 'DEFAULT') return 'BASE';
  const known = normalizations.find((one) => one === normalization);
  if (known === undefined)
    throw new Error(`have a pathNormalization whose normalization is not DEFAULT, ${normalizations.join(', ')}.`);
  return known;
}

/** A mapping below the settings; none is an empty one. */
function readMapping(settings: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = settings[name] ?? {};
  if (!isRecord(value)) throw new Error(`have a ${name} that is not a mapping.`);
  return value;
}

const topologyOf = (settings: Record<string, unknown>): Record<string, unknown> =>
  readMapping(readMapping(settings, 'defaultConfig'), 'gatewayTopology');

/** More hops than this no list of addresses has that is worth a look. */
const maxTrustedProxies = 1000;

function readTrustedProxies(settings: Record<string, unknown>): number {
  const count = topologyOf(settings).numTrustedProxies ?? 0;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > maxTrustedProxies)
    throw new Error(`have a numTrustedProxies that is not a whole number from 0 to ${maxTrustedProxies}.`);
  return count;
}

/** A message without fields: that it is there switches it on. */
function readProxyProtocol(settings: Record<string, unknown>): boolean {
  const value = topologyOf(settings).proxyProtocol ?? undefined;
  if (value === undefined) return false;
  if (typeof value === 'object' && !Array.isArray(value)) return true;
  throw new Error('have a gatewayTopology.proxyProtocol that is no mapping: write proxyProtocol: {}.');
}

function contextOf(configMap: Resource<'ConfigMap'>): ParseContext {
  const { origin } = configMap;
  return {
    resource: resourceRef(configMap),
    // Inside the text of `mesh` nothing has a place of its own.
    origin: { ...origin, locate: () => origin.locate(path) },
    diagnostics: [],
    reportNull: false,
    dropped: 0,
  };
}

/** In the form of a VirtualService's retries. */
const readRetries = (message: Message): HttpRetry | undefined =>
  messageField(message, 'defaultHttpRetryPolicy', retryFields, parseRetry);

/** Their values are read by kind; here it is said which fields have no effect. */
function reportProviders(message: Message): void {
  messagesField(message, 'extensionProviders', extensionProviderFields, () => ({}));
  messageField(message, 'defaultProviders', defaultProvidersFields, () => ({}));
}

/** What throws makes all of them unusable; what is reported in the message's context costs its field. */
function build(
  settings: Record<string, unknown>,
  message: Message,
  previous: MeshSettings = defaultMeshSettings,
): MeshSettings {
  const file = settings.accessLogFile ?? '';
  if (typeof file !== 'string') throw new Error('have an accessLogFile that is not a string.');
  const format = readFormat(settings);
  const proxy = messageField(message, 'defaultConfig', proxyConfigFields, readProxyConfig) ?? defaultProxyConfig;
  const tlsDefaults = readTlsDefaults(message);
  reportProviders(message);
  return {
    rootNamespace: readRootNamespace(settings),
    trustDomains: readTrustDomains(settings),
    discoverySelectors: readDiscoverySelectors(message, previous.discoverySelectors),
    defaultHttpRetryPolicy: readRetries(message),
    upstream: readUpstreamSettings(message, { proxy, tlsDefaults }),
    proxy,
    tlsDefaults,
    disableListenerLog: booleanField(message, 'disableEnvoyListenerLog') ?? false,
    defaultExportTo: {
      services: stringsField(message, 'defaultServiceExportTo'),
      virtualServices: stringsField(message, 'defaultVirtualServiceExportTo'),
      destinationRules: stringsField(message, 'defaultDestinationRuleExportTo'),
    },
    ingress: readIngress(settings),
    pathNormalization: readPathNormalization(settings),
    numTrustedProxies: readTrustedProxies(settings),
    proxyProtocol: readProxyProtocol(settings),
    accessLog: file === '' ? undefined : { path: file, format },
    ...readAccessLogProviders(settings),
    extAuthzProviders: readExtAuthzProviders(message),
  };
}

/** Gateways between networks want mutual TLS with sidecars, which are not here. */
function checkNetworks(configMap: Resource<'ConfigMap'>): readonly Diagnostic[] {
  const { data } = configMap.spec;
  const text = Object.hasOwn(data, 'meshNetworks') ? (data.meshNetworks ?? '') : '';
  let networks: unknown;
  try {
    networks = readSettings(text).networks;
  } catch {
    networks = undefined;
  }
  if (!isRecord(networks) || Object.keys(networks).length === 0) return [];
  const finding: Finding = {
    severity: 'warning',
    code: 'TG0006',
    path: ['data', 'meshNetworks'],
    message:
      'meshNetworks is not served yet. Endpoints of other networks are reached directly, without their gateways.',
    remedy: 'Remove it, or give other networks addresses that can be reached from here.',
  };
  return [report(configMap, finding)];
}

/** Without the ConfigMap: the defaults. With one that cannot be used: what was in force before, and a Diagnostic. */
export function buildMeshSettings(
  previous: MeshSettings | undefined,
  configMap: Resource<'ConfigMap'> | undefined,
): Result {
  if (configMap === undefined)
    return { mesh: { ...defaultMeshSettings, ...readAccessLogProviders({}) }, diagnostics: [] };
  const text = Object.hasOwn(configMap.spec.data, 'mesh') ? (configMap.spec.data.mesh ?? '') : '';
  try {
    const settings = readSettings(text);
    const context = contextOf(configMap);
    const mesh = build(settings, openFields(context, path, settings, meshFields), previous);
    return { mesh, diagnostics: [...context.diagnostics, ...checkNetworks(configMap)] };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const kept = previous === undefined ? 'The defaults are in force.' : 'The settings before stay in force.';
    const diagnostic = report(configMap, {
      severity: 'error',
      code: 'IST0106',
      path,
      message: `The mesh settings ${reason} ${kept}`,
      remedy: 'Correct the YAML under the key mesh.',
    });
    return { mesh: previous ?? defaultMeshSettings, diagnostics: [diagnostic] };
  }
}
