// Changes to the headers of requests and responses, of a route or of one of its weighted clusters.
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  HeaderValueOption_HeaderAppendAction as Action,
  type HeaderValueOptionSchema,
} from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import type { HeaderOperations } from '../model/proxy-view.ts';

type Options = MessageInitShape<typeof HeaderValueOptionSchema>[];

type Changes = HeaderOperations['request'];

interface HeaderFields {
  readonly requestHeadersToAdd?: Options;
  readonly requestHeadersToRemove?: string[];
  readonly responseHeadersToAdd?: Options;
  readonly responseHeadersToRemove?: string[];
}

function toAdd(changes: Changes): Options {
  const options = (entries: Changes['set'], appendAction: Action): Options =>
    entries.map(([key, value]) => ({ header: { key, value }, appendAction }));
  return [
    ...options(changes.set, Action.OVERWRITE_IF_EXISTS_OR_ADD),
    ...options(changes.add, Action.APPEND_IF_EXISTS_OR_ADD),
  ];
}

/** Fields of a Route or a ClusterWeight; those that stay empty are left out. */
export function translateHeaderOperations(operations: readonly HeaderOperations[]): HeaderFields {
  const requestHeadersToAdd = operations.flatMap(({ request }) => toAdd(request));
  const requestHeadersToRemove = operations.flatMap(({ request }) => request.remove);
  const responseHeadersToAdd = operations.flatMap(({ response }) => toAdd(response));
  const responseHeadersToRemove = operations.flatMap(({ response }) => response.remove);
  return {
    ...(requestHeadersToAdd.length > 0 ? { requestHeadersToAdd } : {}),
    ...(requestHeadersToRemove.length > 0 ? { requestHeadersToRemove } : {}),
    ...(responseHeadersToAdd.length > 0 ? { responseHeadersToAdd } : {}),
    ...(responseHeadersToRemove.length > 0 ? { responseHeadersToRemove } : {}),
  };
}
