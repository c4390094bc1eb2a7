// The address of a request's client, behind proxies that are trusted, without its port.
import { splitAddress } from '../access-log/address.ts';
import type { Exchange } from './exchange.ts';

export const clientIpOf = ({ info, connection }: Pick<Exchange, 'info' | 'connection'>): string =>
  splitAddress(info.clientAddress ?? connection.remoteAddress).host;
