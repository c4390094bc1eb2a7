// `kubectl get -o yaml` writes a List: its items are objects of their own.
import { isRecord } from './message.ts';
import type { FieldPath } from './resource.ts';

export interface ListItem {
  readonly value: unknown;
  /** Where the item stands in the document: [] for the document itself. */
  readonly path: FieldPath;
}

/** The objects of a document: the items of a List, else the document itself. Lists inside of Lists are not opened. */
export function unpackList(document: unknown): readonly ListItem[] {
  if (!isRecord(document) || !isList(document)) return [{ value: document, path: [] }];
  const items = document.items;
  if (!Array.isArray(items)) return items === null || items === undefined ? [] : [{ value: document, path: [] }];
  const list = { apiVersion: document.apiVersion, kind: String(document.kind).slice(0, -'List'.length) };
  return items.map((value: unknown, index) => ({ value: withKind(value, list), path: ['items', index] }));
}

/** `List`, and the typed ones an API server answers with, such as `ServiceList`. */
function isList(document: Readonly<Record<string, unknown>>): boolean {
  return typeof document.kind === 'string' && document.kind.endsWith('List') && 'items' in document;
}

/** Items of a typed list need not repeat what they are. */
function withKind(value: unknown, list: { apiVersion: unknown; kind: string }): unknown {
  if (list.kind === '' || !isRecord(value) || 'kind' in value || 'apiVersion' in value) return value;
  return { ...value, ...list };
}
