// How a listener finds the route configuration of a host among ten thousand: SRDS by a private header, and two fallbacks of Lua.
// Envoy copies a route configuration as a whole for each change of it; those of one host each are small.
import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { HeaderValueOption_HeaderAppendAction as AppendAction } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import {
  FilterConfigSchema,
  VirtualHostSchema,
} from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { LuaSchema } from '../../../xds/generated/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import { HeaderMutationSchema } from '../../../xds/generated/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.ts';
import { scopedLowerCaseFilter, scopedWildcardFilter, scopeHeader } from '../../../xds/resource-names.ts';
import { adsSource } from '../config-source.ts';
import type { HttpFilterFeature } from '../filters/http-filter-feature.ts';

/**
 * Names are compared without case, and scopes are not: looked up once more in lower case, less what Envoy takes for a port, a number
 * or not. Runs only where no route was found.
 */
const lowerCase = `
function envoy_on_request(handle)
  local headers = handle:headers()
  local key = headers:get("${scopeHeader}")
  if key == nil then return end
  local lower = string.lower((string.gsub(key, ":[^%]:]*$", "")))
  if lower ~= key then
    headers:replace("${scopeHeader}", lower)
    handle:clearRouteCache()
  end
end
`;

/**
 * The longest wildcard that takes the host, else the catch-all. Which wildcards there are below a domain of two labels is told
 * by the route of the scope \`TABLE/?DOMAIN\`. Asking for its metadata makes Envoy look the scope up.
 */
const wildcard = `
function envoy_on_request(handle)
  if handle:virtualHost():metadata():get("served") ~= nil then return end
  local headers = handle:headers()
  local key = headers:get("${scopeHeader}")
  if key == nil then return end
  local tableName, rest = string.match(key, "^([^/]*/)(.*)$")
  if tableName == nil then return end
  headers:replace("${scopeHeader}", tableName .. "?" .. (string.match(rest, "([^.]+%.[^.]+)$") or ""))
  handle:clearRouteCache()
  local known = handle:metadata()
  local found = "*"
  for _ = 1, 130 do
    local dot = string.find(rest, ".", 2, true)
    if dot == nil then break end
    rest = string.sub(rest, dot)
    if known:get("*" .. rest) ~= nil then
      found = "*" .. rest
      break
    end
  end
  headers:replace("${scopeHeader}", tableName .. found)
  handle:clearRouteCache()
end
`;

const luaFilter = (name: string, code: string): HttpFilterFeature => ({
  name,
  config: () =>
    anyPack(LuaSchema, create(LuaSchema, { defaultSourceCode: { specifier: { case: 'inlineString', value: code } } })),
});

/** Before all other filters. */
export const scopedFilters: readonly HttpFilterFeature[] = [
  luaFilter(scopedLowerCaseFilter, lowerCase),
  luaFilter(scopedWildcardFilter, wildcard),
];

const disabled = () => anyPack(FilterConfigSchema, create(FilterConfigSchema, { disabled: true }));

/** Fields of every virtual host that a scope leads to: where one is found at once, no fallback runs. */
export const scopedHostFields: Uint8Array = toBinary(
  VirtualHostSchema,
  create(VirtualHostSchema, {
    metadata: { filterMetadata: { [scopedWildcardFilter]: { served: 1 } } },
    typedPerFilterConfig: { [scopedLowerCaseFilter]: disabled(), [scopedWildcardFilter]: disabled() },
  }),
);

/**
 * Fields of the connection manager. What a client sends under the header's name is overwritten before anything is looked up,
 * and the header goes no further than the router.
 */
export const scopedManager = (table: string) => ({
  earlyHeaderMutationExtensions: [
    {
      name: 'envoy.http.early_header_mutation.header_mutation',
      typedConfig: anyPack(
        HeaderMutationSchema,
        create(HeaderMutationSchema, {
          mutations: [
            {
              action: {
                case: 'append',
                value: {
                  header: { key: scopeHeader, value: `${table}/%REQ(:AUTHORITY)%` },
                  appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
                },
              },
            },
          ],
        }),
      ),
    },
  ],
  routeSpecifier: {
    case: 'scopedRoutes' as const,
    value: {
      // The same for all listeners, and so one subscription.
      name: 'tidegate',
      scopeKeyBuilder: {
        fragments: [
          {
            type: {
              case: 'headerValueExtractor' as const,
              // Clients come through node ports and write them into Host.
              value: {
                name: scopeHeader,
                elementSeparator: ':',
                extractType: { case: 'index' as const, value: 0 },
              },
            },
          },
        ],
      },
      rdsConfigSource: adsSource(),
      configSpecifier: { case: 'scopedRds' as const, value: { scopedRdsConfigSource: adsSource() } },
    },
  },
});
