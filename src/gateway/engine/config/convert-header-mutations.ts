// Changes to headers that a route or a weighted cluster asks for: values compiled once, from Envoy's command operators.
import {
  HeaderValueOption_HeaderAppendAction as Action,
  type HeaderValueOption,
} from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { compileTemplate, processEnvironment, type TemplatePart } from '../access-log/compile-template.ts';
import { operatorText } from '../access-log/operators.ts';
import { toWireText } from '../http/header-list.ts';
import type { HeaderMutations, HeaderPut, MessageMutations } from './engine-config.ts';
import type { Findings } from './findings.ts';

export interface HeaderChangeFields {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

/** protobuf's names of what `convertHeaderMutations` reads. */
export const headerChangeFields = [
  ...['requestHeadersToAdd', 'requestHeadersToRemove', 'responseHeadersToAdd', 'responseHeadersToRemove'],
];

/** Undefined where nothing is to be changed. `message` is the one the fields stand in. */
export function convertHeaderMutations(
  fields: HeaderChangeFields,
  message: string,
  findings: Findings,
): MessageMutations | undefined {
  const convert = (
    add: 'requestHeadersToAdd' | 'responseHeadersToAdd',
    remove: readonly string[],
  ): HeaderMutations => ({
    remove: remove.map((name) => removable(name, findings)),
    put: fields[add].map((option, index) =>
      convertOption(option, findings.within(message, `${add[0]?.toUpperCase()}${add.slice(1)}[${index}]`)),
    ),
  });
  const request = convert('requestHeadersToAdd', fields.requestHeadersToRemove);
  const response = convert('responseHeadersToAdd', fields.responseHeadersToRemove);
  const isEmpty = [request, response].every(({ remove, put }) => remove.length === 0 && put.length === 0);
  return isEmpty ? undefined : { request, response };
}

const isPseudo = (name: string): boolean => name.startsWith(':') || name.toLowerCase() === 'host';

function removable(name: string, findings: Findings): string {
  if (isPseudo(name)) findings.reject(':-prefixed or host headers may not be removed');
  return name.toLowerCase();
}

const actions: Readonly<Record<Action, HeaderPut['action']>> = {
  [Action.APPEND_IF_EXISTS_OR_ADD]: 'append',
  [Action.ADD_IF_ABSENT]: 'add if absent',
  [Action.OVERWRITE_IF_EXISTS_OR_ADD]: 'overwrite',
  [Action.OVERWRITE_IF_EXISTS]: 'overwrite if present',
};

function convertOption(option: HeaderValueOption, findings: Findings): HeaderPut {
  const key = option.header?.key ?? '';
  if (option.header === undefined) findings.constraint('HeaderValueOption', 'Header', 'value is required');
  else if (key === '')
    findings
      .within('HeaderValueOption', 'Header')
      .constraint('HeaderValue', 'Key', 'value length must be at least 1 characters');
  if (isPseudo(key)) findings.reject(':-prefixed or host headers may not be modified');
  // The field that append_action replaced; where it is set it decides.
  const append = option.append === undefined ? undefined : option.append ? 'append' : 'overwrite';
  return {
    name: key.toLowerCase(),
    value: compileValue(option.header?.value ?? '', findings),
    action: append ?? actions[option.appendAction] ?? 'append',
    keepEmptyValue: option.keepEmptyValue,
  };
}

function compileValue(template: string, findings: Findings): HeaderPut['value'] {
  const compiled = compileTemplate(template, processEnvironment);
  if (compiled.kind === 'error') {
    findings.reject(compiled.error);
    return '';
  }
  for (const name of compiled.unsupported)
    findings.warn(`%${name}% has no value in the embedded engine: it is empty in headers`);
  const { parts } = compiled;
  if (parts.every(isText)) return toWireText(parts.join(''));
  return (info) => toWireText(parts.map((part) => (isText(part) ? part : (operatorText(part(info)) ?? ''))).join(''));
}

const isText = (part: TemplatePart): part is string => typeof part === 'string';
