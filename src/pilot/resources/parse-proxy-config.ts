// Istio's ProxyConfig: what its injector makes pods of. Here whoever starts a gateway says all of it, and is told so.
import { type FieldTable, type Message, noEffectHere } from './message.ts';
import type { ProxyConfigSpec } from './proxy-config.ts';

export const proxyConfigFields: FieldTable = {
  selector: noEffectHere('Nothing else of it has an effect.'),
  concurrency: noEffectHere('Say it to the gateway: --workers.'),
  environmentVariables: noEffectHere("They are variables of Istio's own proxy."),
  image: noEffectHere('It is for the injector; a gateway here is a program of your own choice.'),
};

export const parseProxyConfig = (_spec: Message): ProxyConfigSpec => ({});
