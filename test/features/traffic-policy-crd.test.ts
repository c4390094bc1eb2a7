// The published schemas of TrafficPolicy: one made of the other, with the fields that are read, and documentation that they take.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly type?: string;
}

const root = new URL('../../', import.meta.url);
const crd = parse(readFileSync(new URL('crds/trafficpolicies.gateway.tidegate.dev.yaml', root), 'utf8')) as {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
};
const [version] = crd.spec.versions;
const openApi = version?.schema.openAPIV3Schema ?? {};
const jsonSchemaFile = new URL('crds/trafficpolicy.schema.json', root);

/** Draft 7, as editors read it: unknown fields are mistakes. */
function jsonSchema(schema: Schema): Record<string, unknown> {
  const { properties, items, additionalProperties, ...rest } = schema;
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('x-')));
  return {
    ...own,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, jsonSchema(one)])),
      additionalProperties: false,
    }),
    ...(items && { items: jsonSchema(items) }),
    ...(additionalProperties && { additionalProperties: jsonSchema(additionalProperties) }),
  };
}

/** A value that is right for the field, by its name where the type says too little. */
function example(name: string, schema: Schema): unknown {
  if (schema.enum) return schema.enum[0];
  if (schema.properties)
    return Object.fromEntries(Object.entries(schema.properties).map(([key, one]) => [key, example(key, one)]));
  if (schema.items) return [name === 'contentTypes' ? 'text/plain' : example(name, schema.items)];
  if (schema.additionalProperties) return { app: 'x' };
  if (schema.type === 'integer') return 5;
  if (schema.type === 'boolean') return true;
  return name === 'interval' ? '1s' : 'a.example.com';
}

const diagnosticsOf = (text: string): readonly string[] => {
  const snapshot = snapshotFromText({ 'a.yaml': text });
  const objects = [...snapshot.objects.TrafficPolicy.values()];
  assert.ok(objects.length > 0, text);
  return [...snapshot.diagnostics, ...objects.flatMap(({ diagnostics }) => diagnostics)].map(({ message }) => message);
};

describe('the schema of TrafficPolicy', () => {
  it('is a JSON schema too', () => {
    const { properties = {} } = openApi;
    const { apiVersion: _version, kind: _kind, metadata: _metadata, ...others } = properties;
    const { group, names } = crd.spec;
    const text = `${JSON.stringify(
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        title: names.kind,
        ...jsonSchema({ ...openApi, properties: others }),
        required: ['apiVersion', 'kind', 'metadata', 'spec'],
        properties: {
          apiVersion: { const: `${group}/${version?.name}` },
          kind: { const: names.kind },
          metadata: { type: 'object', required: ['name'] },
          ...(jsonSchema({ properties: others }).properties as object),
        },
      },
      undefined,
      2,
    )}\n`;
    const published = () => JSON.parse(readFileSync(jsonSchemaFile, 'utf8')) as unknown;
    // Laid out by the formatter afterwards: what says the same stays.
    if (process.env.UPDATE_GOLDEN === '1' && !isDeepStrictEqual(published(), JSON.parse(text)))
      writeFileSync(jsonSchemaFile, text);
    assert.deepEqual(published(), JSON.parse(text));
  });

  it('has the fields that are read, each with a description', () => {
    const { spec = {} } = openApi.properties ?? {};
    const { group, names } = crd.spec;
    const object = {
      apiVersion: `${group}/${version?.name}`,
      kind: names.kind,
      metadata: { name: 'a', namespace: 'b' },
      spec: example('spec', spec),
    };
    assert.deepEqual(diagnosticsOf(JSON.stringify(object)), []);
    const described = (path: string, schema: Schema): readonly string[] => [
      ...(schema.description === undefined ? [path] : []),
      ...Object.entries(schema.properties ?? {}).flatMap(([name, one]) => described(`${path}.${name}`, one)),
      ...Object.entries(schema.items?.properties ?? {}).flatMap(([name, one]) => described(`${path}[].${name}`, one)),
    ];
    assert.deepEqual(described('spec', { ...spec, description: '' }), []);
  });

  it('takes the examples of the documentation', () => {
    const text = readFileSync(new URL('docs/traffic-policy.md', root), 'utf8');
    const examples = [...text.matchAll(/```yaml\n(apiVersion[\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
    assert.ok(examples.length >= 3);
    for (const yaml of examples) assert.deepEqual(diagnosticsOf(yaml), []);
  });
});
