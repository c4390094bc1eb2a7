// The fields of the API, and what becomes of each: which feature folder shows it on both data planes, or what is said of it instead.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import { formatFieldPath } from '../../src/pilot/resources/resource.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';

export interface Field {
  /** `http[].match[].uri.exact`; `{}` stands for the keys of a map. */
  readonly path: string;
  /** Feature folders whose requests run through both data planes with the field. */
  readonly tests: readonly string[];
  /** What the user is told of a field that has no effect. */
  readonly note: string | undefined;
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly type?: string;
  readonly enum?: readonly unknown[];
}

const require = createRequire(import.meta.url);

/** Istio's published CRD, out of the package that has it: the schema stands in its source as JSON. */
function crdSchema(file: string): Schema {
  const source = readFileSync(file, 'utf8');
  const text = /const schema = (\{[\s\S]*?\n\});\n/.exec(source)?.[1] ?? '{}';
  return (JSON.parse(text) as Schema).properties?.spec ?? {};
}

/** networking.k8s.io/v1 (https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/). */
const ingressBackend: Schema = {
  properties: {
    service: { properties: { name: {}, port: { properties: { number: { type: 'integer' }, name: {} } } } },
    resource: { properties: { apiGroup: {}, kind: {}, name: {} } },
  },
};
const ingressSchema: Schema = {
  properties: {
    ingressClassName: {},
    defaultBackend: ingressBackend,
    tls: { items: { properties: { hosts: { items: {} }, secretName: {} } } },
    rules: {
      items: {
        properties: {
          host: {},
          http: {
            properties: { paths: { items: { properties: { path: {}, pathType: {}, backend: ingressBackend } } } },
          },
        },
      },
    },
  },
};

/** Our own, as it is published. */
function trafficPolicySchema(): Schema {
  const file = new URL('../../crds/trafficpolicies.gateway.tidegate.dev.yaml', import.meta.url);
  const crd = parse(readFileSync(file, 'utf8')) as {
    readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
  };
  return crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.spec ?? {};
}

const text: Schema = {};
const texts: Schema = { items: text };
const number: Schema = { type: 'integer' };
const destination: Schema = { properties: { host: text, subset: text, port: { properties: { number } } } };

/** What Istio's API has got since the package was made (https://istio.io/latest/docs/reference/config/networking/). */
const newer: Readonly<Record<string, Schema>> = {
  AuthorizationPolicy: {
    properties: {
      rules: {
        items: {
          properties: {
            from: {
              items: { properties: { source: { properties: { trustDomains: texts, notTrustDomains: texts } } } },
            },
          },
        },
      },
    },
  },
  RequestAuthentication: {
    properties: {
      targetRef: { properties: { group: text, kind: text, name: text, namespace: text } },
      targetRefs: { items: { properties: { group: text, kind: text, name: text, namespace: text } } },
      jwtRules: { items: { properties: { fromCookies: texts, spaceDelimitedClaims: texts, timeout: text } } },
    },
  },
  Gateway: {
    properties: {
      servers: {
        items: {
          properties: {
            tls: {
              properties: {
                credentialNames: texts,
                caCertCredentialName: text,
                caCrl: text,
                ecdhCurves: texts,
                tlsCertificates: {
                  items: { properties: { serverCertificate: text, privateKey: text, caCertificates: text } },
                },
              },
            },
          },
        },
      },
    },
  },
  EnvoyFilter: {
    properties: {
      targetRefs: { items: { properties: { group: text, kind: text, name: text, namespace: text } } },
      configPatches: {
        items: {
          properties: {
            match: {
              properties: {
                listener: { properties: { listenerFilter: text } },
                waypoint: { properties: { portNumber: number } },
                routeConfiguration: { properties: { vhost: { properties: { domainName: text } } } },
              },
            },
            patch: { properties: { filterClass: { enum: ['UNSPECIFIED', 'AUTHN'] } } },
          },
        },
      },
    },
  },
  VirtualService: {
    properties: {
      http: {
        items: {
          properties: {
            mirrors: {
              items: { properties: { destination, percentage: { properties: { value: { type: 'number' } } } } },
            },
            directResponse: { properties: { status: number, body: { properties: { string: text, bytes: text } } } },
            corsPolicy: { properties: { unmatchedPreflights: { enum: ['FORWARD', 'IGNORE'] } } },
            retries: { properties: { backoff: text, retryIgnorePreviousHosts: { type: 'boolean' } } },
            rewrite: { properties: { uriRegexRewrite: { properties: { match: text, rewrite: text } } } },
            match: { items: { properties: { statPrefix: text } } },
            redirect: {
              properties: { derivePort: { enum: ['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'] }, scheme: text },
            },
          },
        },
      },
    },
  },
};

const warmup: Schema = { properties: { duration: text, minimumPercent: number, aggression: number } };
/** What Istio's DestinationRule has got since. */
const newerTrafficPolicy: Schema = {
  properties: {
    loadBalancer: {
      properties: {
        warmup,
        consistentHash: {
          properties: {
            httpCookie: { properties: { attributes: { items: { properties: { name: text, value: text } } } } },
          },
        },
        zoneAwareLbSetting: {
          properties: {
            enabled: { type: 'boolean' },
            failover: { items: { properties: { from: text, to: text } } },
            failoverPriority: texts,
            minClusterSize: number,
          },
        },
        backendUtilization: { type: 'object' },
      },
    },
    connectionPool: {
      properties: {
        tcp: { properties: { idleTimeout: text } },
        http: {
          properties: {
            maxConcurrentStreams: number,
            http2KeepAlive: { properties: { interval: text, timeout: text } },
          },
        },
      },
    },
    outlierDetection: { properties: { outlierDetectionHttpErrorCodes: { items: number } } },
    tls: { properties: { caCrl: text } },
    proxyProtocol: { properties: { version: { enum: ['V1', 'V2'] } } },
    retryBudget: { properties: { percent: number, minRetryConcurrency: number, budgetInterval: text } },
  },
};

/** One message in four places: its fields are listed once, and in the other places as a whole. */
function destinationRuleSchema(file: string): Schema {
  const schema = crdSchema(file);
  const whole: Schema = { type: 'object' };
  const portLevelSettings: Schema = {
    items: {
      properties: {
        port: { properties: { number } },
        loadBalancer: whole,
        connectionPool: whole,
        outlierDetection: whole,
        tls: whole,
      },
    },
  };
  const trafficPolicy = merge(schema.properties?.trafficPolicy ?? {}, newerTrafficPolicy);
  return {
    properties: {
      ...schema.properties,
      trafficPolicy: { properties: { ...trafficPolicy.properties, portLevelSettings } },
      subsets: { items: { properties: { name: text, labels: { additionalProperties: text }, trafficPolicy: whole } } },
    },
  };
}

function merge(a: Schema, b: Schema | undefined): Schema {
  if (b === undefined) return a;
  const names = new Set([...Object.keys(a.properties ?? {}), ...Object.keys(b.properties ?? {})]);
  const properties = Object.fromEntries(
    [...names].map((name) => [name, merge(a.properties?.[name] ?? b.properties?.[name] ?? {}, b.properties?.[name])]),
  );
  return {
    ...b,
    ...a,
    ...(names.size === 0 ? {} : { properties }),
    ...(a.items || b.items ? { items: merge(a.items ?? b.items ?? {}, b.items) } : {}),
  };
}

const schemas: Readonly<Record<string, Schema>> = {
  Gateway: merge(
    crdSchema(require.resolve('@kubernetes-models/istio/networking.istio.io/v1beta1/Gateway')),
    newer.Gateway,
  ),
  VirtualService: merge(
    crdSchema(require.resolve('@kubernetes-models/istio/networking.istio.io/v1beta1/VirtualService')),
    newer.VirtualService,
  ),
  DestinationRule: destinationRuleSchema(
    require.resolve('@kubernetes-models/istio/networking.istio.io/v1beta1/DestinationRule'),
  ),
  ServiceEntry: crdSchema(require.resolve('@kubernetes-models/istio/networking.istio.io/v1beta1/ServiceEntry')),
  WorkloadEntry: crdSchema(require.resolve('@kubernetes-models/istio/networking.istio.io/v1beta1/WorkloadEntry')),
  AuthorizationPolicy: merge(
    crdSchema(require.resolve('@kubernetes-models/istio/security.istio.io/v1/AuthorizationPolicy')),
    newer.AuthorizationPolicy,
  ),
  RequestAuthentication: merge(
    crdSchema(require.resolve('@kubernetes-models/istio/security.istio.io/v1/RequestAuthentication')),
    newer.RequestAuthentication,
  ),
  EnvoyFilter: merge(
    crdSchema(require.resolve('@kubernetes-models/istio/networking.istio.io/v1alpha3/EnvoyFilter')),
    newer.EnvoyFilter,
  ),
  Telemetry: crdSchema(require.resolve('@kubernetes-models/istio/telemetry.istio.io/v1alpha1/Telemetry')),
  ProxyConfig: crdSchema(require.resolve('@kubernetes-models/istio/networking.istio.io/v1beta1/ProxyConfig')),
  TrafficPolicy: trafficPolicySchema(),
  Ingress: ingressSchema,
  MeshConfig: JSON.parse(readFileSync(new URL('mesh-config.schema.json', import.meta.url), 'utf8')) as Schema,
};
const apiVersions: Readonly<Record<string, string>> = {
  Gateway: 'networking.istio.io/v1',
  VirtualService: 'networking.istio.io/v1',
  DestinationRule: 'networking.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  ServiceEntry: 'networking.istio.io/v1',
  WorkloadEntry: 'networking.istio.io/v1',
  EnvoyFilter: 'networking.istio.io/v1alpha3',
  Telemetry: 'telemetry.istio.io/v1',
  ProxyConfig: 'networking.istio.io/v1beta1',
  TrafficPolicy: 'gateway.tidegate.dev/v1alpha1',
  Ingress: 'networking.k8s.io/v1',
};

type Step = string | 0;

/** Every leaf: a value that is neither a map of known fields nor a list of such. */
function leaves(schema: Schema, at: readonly Step[] = []): readonly { path: readonly Step[]; schema: Schema }[] {
  if (schema.properties && Object.keys(schema.properties).length > 0)
    return Object.entries(schema.properties).flatMap(([name, inner]) => leaves(inner, [...at, name]));
  if (schema.items) return leaves(schema.items, [...at, 0]);
  if (typeof schema.additionalProperties === 'object') return leaves(schema.additionalProperties, [...at, '{}']);
  return [{ path: at, schema }];
}

const nameOf = (path: readonly Step[]): string =>
  path.map((step, i) => (step === 0 ? '[]' : step === '{}' ? '{}' : i === 0 ? step : `.${step}`)).join('');

/** Marks what a manifest sets, as far as the schema goes. */
function mark(value: unknown, schema: Schema, at: readonly Step[], used: Set<string>): void {
  if (value === undefined) return;
  used.add(nameOf(at));
  if (Array.isArray(value) && schema.items) for (const item of value) mark(item, schema.items, [...at, 0], used);
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) {
      const known = schema.properties?.[key];
      if (known) mark(inner, known, [...at, key], used);
      else if (typeof schema.additionalProperties === 'object')
        mark(inner, schema.additionalProperties, [...at, '{}'], used);
    }
}

function usedByFeature(kind: string): ReadonlyMap<string, ReadonlySet<string>> {
  const schema = schemas[kind] ?? {};
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && existsSync(join(import.meta.dirname, entry.name, 'requests.yaml')),
  );
  return new Map(
    folders.map(({ name }) => {
      const used = new Set<string>();
      const text = readFileSync(join(import.meta.dirname, name, 'manifests.yaml'), 'utf8');
      for (const document of parseAllDocuments(text)) {
        const object = document.toJS() as { kind?: string; spec?: unknown; data?: { mesh?: string } } | null;
        if (object?.kind === kind) mark(object.spec, schema, [], used);
        if (kind === 'MeshConfig' && object?.data?.mesh) mark(parse(object.data.mesh), schema, [], used);
      }
      return [name, used];
    }),
  );
}

function sample({ type, enum: values }: Schema): unknown {
  if (values) return values.at(-1);
  if (type === 'integer' || type === 'number') return 1;
  return type === 'boolean' ? true : type === 'object' ? {} : 'x';
}

const toldOf = new Set(['TG0006', 'TG0007', 'TG0008']);

/** A provider is nothing without its name. */
const named = (spec: unknown): unknown => {
  const { extensionProviders } = spec as { extensionProviders?: readonly object[] };
  return extensionProviders ? { extensionProviders: extensionProviders.map((one) => ({ name: 'a', ...one })) } : spec;
};

function noteOnMesh(path: readonly Step[], settings: unknown): string | undefined {
  const metadata = { name: 'istio', namespace: 'istio-system' };
  const text = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { mesh: JSON.stringify(named(settings)) },
  });
  const { diagnostics } = buildModel(undefined, snapshotFromText({ 'a.yaml': text }));
  const prefixes = path.map((_, i) => formatFieldPath(['data', 'mesh', ...path.slice(0, i + 1)]));
  return diagnostics.find((one) => toldOf.has(one.code) && prefixes.includes(one.path ?? ''))?.message;
}

/** What is said of an object that sets just this field. */
function noteOn(kind: string, path: readonly Step[], schema: Schema): string | undefined {
  const spec = path.reduceRight<unknown>((inner, step) => (step === 0 ? [inner] : { [step]: inner }), sample(schema));
  if (kind === 'MeshConfig') return noteOnMesh(path, spec);
  const metadata = { name: 'a', annotations: { 'kubernetes.io/ingress.class': 'istio' } };
  const text = JSON.stringify({ apiVersion: apiVersions[kind], kind, metadata, spec });
  const { diagnostics } = buildModel(undefined, snapshotFromText({ 'a.yaml': text }));
  const prefixes = path.map((_, i) => formatFieldPath(['spec', ...path.slice(0, i + 1)]));
  return diagnostics.find((one) => toldOf.has(one.code) && prefixes.includes(one.path ?? ''))?.message;
}

export function listFields(kind: string): readonly Field[] {
  const used = [...usedByFeature(kind)];
  return leaves(schemas[kind] ?? {})
    .map(({ path, schema }) => {
      const name = nameOf(path);
      const note = noteOn(kind, path, schema);
      const tests = used.flatMap(([feature, names]) => (names.has(name) ? [feature] : []));
      return { path: name, tests: note === undefined ? tests : [], note };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

export const listedKinds = Object.keys(schemas);
