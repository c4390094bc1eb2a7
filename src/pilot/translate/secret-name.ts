// What a Secret is called on the wire.
import { ingressSecretName, kubernetesSecretName } from '../../xds/resource-names.ts';
import type { NamedSecret } from '../model/model.ts';

export const secretName = ({ credentialName, sharedBy, name }: NamedSecret): string =>
  sharedBy === undefined ? kubernetesSecretName(credentialName) : ingressSecretName(sharedBy, name);
