// Answers that the gateway gives itself: redirects and direct responses.
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  RedirectAction_RedirectResponseCode as Code,
  type DirectResponseActionSchema,
  type RedirectActionSchema,
} from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import type { ModelHttpAction } from '../model/model.ts';
import type { RedirectView } from '../model/proxy-view.ts';

const codes: Readonly<Record<RedirectView['code'], Code>> = {
  301: Code.MOVED_PERMANENTLY,
  302: Code.FOUND,
  303: Code.SEE_OTHER,
  307: Code.TEMPORARY_REDIRECT,
  308: Code.PERMANENT_REDIRECT,
};

export function translateRedirect(redirect: RedirectView): MessageInitShape<typeof RedirectActionSchema> {
  const { uri, authority, scheme, port, code } = redirect;
  return {
    hostRedirect: authority ?? '',
    // Empty it changes nothing; Istio sets it always.
    pathRewriteSpecifier: { case: 'pathRedirect', value: uri ?? '' },
    ...(scheme === undefined ? {} : { schemeRewriteSpecifier: { case: 'schemeRedirect', value: scheme } }),
    ...(port === undefined ? {} : { portRedirect: port }),
    responseCode: codes[code],
  };
}

export function translateDirectResponse(
  action: Extract<ModelHttpAction, { kind: 'direct' }>,
): MessageInitShape<typeof DirectResponseActionSchema> {
  const { status, body } = action;
  if (body === undefined) return { status };
  const specifier =
    body.kind === 'string'
      ? ({ case: 'inlineString', value: body.value } as const)
      : ({ case: 'inlineBytes', value: Uint8Array.from(Buffer.from(body.base64, 'base64')) } as const);
  return { status, body: { specifier } };
}
