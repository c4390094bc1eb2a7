// ConfigMap: unknown -> text by key.
import type { ConfigMapData } from './config-map.ts';
import { stringMapField } from './fields.ts';
import { type FieldTable, ignored, type Message, served } from './message.ts';

/** A ConfigMap has no spec: these stand beside its metadata. */
export const configMapFields: FieldTable = { data: served, binaryData: ignored, immutable: ignored };

export function parseConfigMap(message: Message): ConfigMapData {
  return { data: stringMapField(message, 'data') };
}
