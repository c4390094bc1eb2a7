// Annotations of ingress-nginx mean nothing to Istio: each is reported with what does the same here, or that nothing does.
import type { Resource } from '../resources/resource.ts';
import type { Finding } from './report.ts';

const prefix = 'nginx.ingress.kubernetes.io/';

const timeout = "a VirtualService's timeout";
const cors = "a VirtualService's corsPolicy";
const retries = "a VirtualService's retries";
const canary = 'a VirtualService with weights, or with a match on headers';
const tls = "a Gateway's tls with mode MUTUAL or OPTIONAL_MUTUAL";

/** Annotation without its prefix → what does the same. */
const equivalents: Readonly<Record<string, string>> = {
  'rewrite-target': "a VirtualService's rewrite (uri, or uriRegexRewrite for groups)",
  'app-root': "a VirtualService's redirect for the path /",
  'use-regex': "a VirtualService's match on uri with regex",
  'ssl-redirect': "a Gateway's tls.httpsRedirect",
  'force-ssl-redirect': "a Gateway's tls.httpsRedirect",
  'permanent-redirect': "a VirtualService's redirect",
  'permanent-redirect-code': "a VirtualService's redirect with redirectCode",
  'temporal-redirect': "a VirtualService's redirect with redirectCode 302",
  'from-to-www-redirect': "a VirtualService's redirect with authority",
  'proxy-connect-timeout': 'the connect timeout of the mesh',
  'proxy-read-timeout': timeout,
  'proxy-send-timeout': timeout,
  'proxy-next-upstream': retries,
  'proxy-next-upstream-tries': retries,
  'proxy-next-upstream-timeout': retries,
  'enable-cors': cors,
  'cors-allow-origin': cors,
  'cors-allow-methods': cors,
  'cors-allow-headers': cors,
  'cors-allow-credentials': cors,
  'cors-expose-headers': cors,
  'cors-max-age': cors,
  canary,
  'canary-weight': canary,
  'canary-weight-total': canary,
  'canary-by-header': canary,
  'canary-by-header-value': canary,
  'canary-by-header-pattern': canary,
  'canary-by-cookie': canary,
  'backend-protocol': "the Service port's appProtocol or name (grpc, http2, https)",
  'upstream-vhost': "a VirtualService's rewrite.authority",
  'x-forwarded-prefix': "a VirtualService's headers.request.set",
  'custom-headers': "a VirtualService's headers.response.set",
  'mirror-target': "a VirtualService's mirror",
  'auth-tls-secret': tls,
  'auth-tls-verify-client': tls,
  'auth-tls-verify-depth': tls,
  'auth-tls-pass-certificate-to-upstream': 'the header x-forwarded-client-cert, which is always sent',
  'ssl-ciphers': "a Gateway's tls.cipherSuites",
  'server-alias': 'one more rule with that host',
  'ssl-passthrough': "a Gateway's tls with mode PASSTHROUGH, and tls routes",
};

export function checkIngressAnnotations({ metadata }: Resource<'Ingress'>): readonly Finding[] {
  return Object.keys(metadata.annotations)
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => {
      const key = name.slice(prefix.length);
      const equivalent = Object.hasOwn(equivalents, key) ? equivalents[key] : undefined;
      return {
        severity: 'warning',
        code: 'TG0008',
        path: ['metadata', 'annotations', name],
        message: `The annotation ${name} is of ingress-nginx and has no effect here.`,
        remedy:
          equivalent === undefined
            ? 'Nothing here does the same; remove it, or keep it for ingress-nginx.'
            : `What does the same: ${equivalent}, in place of the Ingress.`,
      };
    });
}
