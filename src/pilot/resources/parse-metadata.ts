// metadata of an object: its name and namespace decide whether the object can be used at all.
import type { ResourceRef } from '../../lib/diagnostic.ts';
import { reportMissing, stringField, stringMapField } from './fields.ts';
import {
  type FieldTable,
  ignored,
  isRecord,
  openMessage,
  type ParseContext,
  reportInvalid,
  served,
  shorten,
  tableOf,
} from './message.ts';
import { isLabel, isServiceName, isSubdomain } from './names.ts';
import type { Metadata, ResourceKind } from './resource.ts';

const metadataFields: FieldTable = {
  ...tableOf(['name', 'namespace', 'labels', 'annotations', 'creationTimestamp', 'generateName'], served),
  ...tableOf(
    [
      'uid',
      'resourceVersion',
      'generation',
      'managedFields',
      'ownerReferences',
      'finalizers',
      'selfLink',
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
      'clusterName',
    ],
    ignored,
  ),
};

const DEFAULT_NAMESPACE = 'default';
const NOT_USED = 'The object is not used; Kubernetes would refuse it.';

/** How an object calls itself, before anything is checked: for messages. Text of another type reads as ''. */
export function refOf(kind: string, value: Readonly<Record<string, unknown>>): ResourceRef {
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  const text = (name: string): string => (typeof metadata[name] === 'string' ? metadata[name] : '');
  return { kind, namespace: text('namespace') || DEFAULT_NAMESPACE, name: text('name') };
}

/** Undefined where the object cannot be named, which is then reported. */
export function parseMetadata(context: ParseContext, kind: ResourceKind, value: unknown): Metadata | undefined {
  if (value === undefined || value === null) {
    reportInvalid(context, ['metadata'], 'is missing', NOT_USED, 'Give the object `metadata` with a `name`.');
    return undefined;
  }
  const message = openMessage(context, ['metadata'], value, metadataFields);
  if (!message) return undefined;

  const name = stringField(message, 'name');
  const namespace = stringField(message, 'namespace') || DEFAULT_NAMESPACE;
  const metadata = {
    namespace,
    labels: stringMapField(message, 'labels'),
    annotations: stringMapField(message, 'annotations'),
    creationTimestamp: parseTimestamp(context, stringField(message, 'creationTimestamp')),
  };
  if (message.broken.has('name') || message.broken.has('namespace')) return undefined;
  if (!name) {
    const generated = stringField(message, 'generateName') !== undefined;
    const remedy = generated ? 'Replace generateName by name: only an API server can generate one.' : 'Give it a name.';
    reportMissing(message, 'name', NOT_USED, remedy);
    return undefined;
  }
  if (!(kind === 'Service' ? isServiceName(name) : isSubdomain(name))) {
    const rule =
      kind === 'Service'
        ? 'Use at most 63 of a-z, 0-9 and -, starting with a letter.'
        : 'Use at most 253 of a-z, 0-9, - and ., starting and ending with a letter or digit.';
    reportInvalid(context, ['metadata', 'name'], `is ${shorten(name)}, which is no name in Kubernetes`, NOT_USED, rule);
    return undefined;
  }
  if (!isLabel(namespace)) {
    const what = `is ${shorten(namespace)}, which is no namespace in Kubernetes`;
    reportInvalid(context, ['metadata', 'namespace'], what, NOT_USED, 'Use at most 63 of a-z, 0-9 and -.');
    return undefined;
  }
  return { name, ...metadata };
}

function parseTimestamp(context: ParseContext, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d{2}-\d{2}[Tt ]/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  reportInvalid(
    context,
    ['metadata', 'creationTimestamp'],
    `is ${shorten(text)}, not a time`,
    'The object is ordered as one without a timestamp.',
    'Write it as 2026-01-31T12:00:00Z, or remove it.',
  );
  return undefined;
}
