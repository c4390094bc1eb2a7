// Protobuf's merge, as Istio changed it: lists grow (or are replaced), maps and durations are replaced entry by entry.
import { clone } from '@bufbuild/protobuf';
import type { ReflectMessage } from '@bufbuild/protobuf/reflect';
import { isReflectMessage, reflect } from '@bufbuild/protobuf/reflect';

/** Of one piece: half an Any or half a duration is none. */
const whole: ReadonlySet<string> = new Set(['google.protobuf.Duration', 'google.protobuf.Any']);

const copy = <T>(value: T): T | ReflectMessage =>
  isReflectMessage(value) ? reflect(value.desc, clone(value.desc, value.message)) : value;

/** Changes `target`. What is not set in `source`, or has protobuf's default, says nothing. */
export function mergeMessage(target: ReflectMessage, source: ReflectMessage, replacesLists: boolean): void {
  for (const field of source.fields) {
    if (!source.isSet(field)) continue;
    switch (field.fieldKind) {
      case 'list': {
        const list = target.get(field);
        if (replacesLists) list.clear();
        for (const item of source.get(field)) list.add(copy(item));
        break;
      }
      case 'map': {
        const map = target.get(field);
        for (const [key, value] of source.get(field)) map.set(key, copy(value));
        break;
      }
      case 'message': {
        const value = source.get(field);
        if (!target.isSet(field) || whole.has(field.message.typeName)) {
          target.set(field, copy(value));
          break;
        }
        const inner = target.get(field);
        mergeMessage(inner, value, replacesLists);
        // Wrappers and structs are not held as messages.
        target.set(field, inner);
        break;
      }
      default:
        target.set(field, source.get(field));
    }
  }
}
