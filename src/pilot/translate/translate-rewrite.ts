// The path and the authority that an endpoint sees instead of the client's.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteActionSchema } from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import type { RewriteView } from '../model/proxy-view.ts';

type RewriteFields = Pick<
  MessageInitShape<typeof RouteActionSchema>,
  'prefixRewrite' | 'regexRewrite' | 'hostRewriteSpecifier'
>;

export function translateRewrite(rewrite: RewriteView): RewriteFields {
  const { authority, uri, uriRegexRewrite } = rewrite;
  return {
    ...(authority === undefined ? {} : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: authority } }),
    ...(uri === undefined ? {} : { prefixRewrite: uri }),
    ...(uriRegexRewrite === undefined
      ? {}
      : {
          regexRewrite: {
            pattern: { regex: uriRegexRewrite.match },
            substitution: uriRegexRewrite.rewrite,
          },
        }),
  };
}
