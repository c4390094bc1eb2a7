// discoverySelectors of the mesh settings → selectors of namespaces; with one that cannot be read, all stay as they were.
import { enumField, messagesField, stringField, stringMapField, stringsField } from '../resources/fields.ts';
import { type Message, reportInvalid, shorten } from '../resources/message.ts';
import { isLabelKey, isLabelValue } from '../resources/names.ts';
import { discoverySelectorFields, labelExpressionFields } from './mesh-fields.ts';
import type { LabelRequirement, NamespaceSelector } from './mesh-settings.ts';

const consequence = 'The discoverySelectors before stay in force.';
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

export function readDiscoverySelectors(
  message: Message,
  previous: readonly NamespaceSelector[],
): readonly NamespaceSelector[] {
  let isBroken = false;
  const selectors = messagesField(message, 'discoverySelectors', discoverySelectorFields, (selector) => {
    const known = readSelector(selector);
    isBroken ||= selector.broken.size > 0;
    return known;
  });
  // Without the one that cannot be read, whole namespaces would be lost, or none.
  return isBroken || message.broken.has('discoverySelectors') ? previous : selectors;
}

function readSelector(selector: Message): NamespaceSelector {
  const labels = Object.entries(stringMapField(selector, 'matchLabels'));
  const equal = labels.map(([key, value]): LabelRequirement => ({ key, operator: 'In', values: [value] }));
  for (const { key, values } of equal) check(selector, ['matchLabels', key], key, values);
  return [...equal, ...messagesField(selector, 'matchExpressions', labelExpressionFields, readExpression)];
}

function readExpression(expression: Message): LabelRequirement | undefined {
  const key = stringField(expression, 'key') ?? '';
  const operator = enumField(expression, 'operator', operators);
  const values = stringsField(expression, 'values');
  if (operator === undefined) {
    if (!expression.broken.has('operator'))
      refuse(expression, ['operator'], 'is missing', `Use one of ${operators.join(', ')}.`);
    return undefined;
  }
  const wantsValues = operator === 'In' || operator === 'NotIn';
  if (wantsValues !== values.length > 0) {
    const what = wantsValues ? `is empty, which ${operator} has no use for` : `is given, and ${operator} takes none`;
    refuse(expression, ['values'], what, wantsValues ? 'Write the values.' : 'Remove the values.');
  }
  check(expression, ['key'], key, values);
  return expression.broken.size > 0 ? undefined : { key, operator, values };
}

function check(message: Message, path: readonly string[], key: string, values: readonly string[]): void {
  if (key === '') refuse(message, path, 'is missing', 'Write the name of a label.');
  else if (!isLabelKey(key))
    refuse(message, path, `is ${shorten(key)}, which no label is called`, 'Write the name of a label.');
  const value = values.find((one) => !isLabelValue(one));
  if (value !== undefined)
    refuse(message, path, `is compared with ${shorten(value)}, which no label holds`, 'Write the value of a label.');
}

function refuse(message: Message, path: readonly string[], what: string, remedy: string): void {
  message.broken.add(path[0] ?? '');
  reportInvalid(message.context, [...message.path, ...path], what, consequence, remedy);
}
