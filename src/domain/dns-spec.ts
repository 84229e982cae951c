/** How a container finds names: resolvers, search domains, and fixed entries of its hosts file. */
import { z } from 'zod';
import { text } from './spec-text.ts';

const address = z.union([z.ipv4(), z.ipv6()], 'must be an IP address');
const hostText = text(253).regex(/^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?$/, 'must be a host name');

export const dns = z.strictObject({
  servers: z.array(address).max(8).default([]),
  search: z
    .array(text(253).regex(/^[a-zA-Z0-9_.-]+$/, 'must be a domain'))
    .max(16)
    .default([]),
  /** Of resolv.conf(5), such as `ndots:1`. */
  options: z
    .array(text(64).regex(/^[a-z0-9:-]+$/, 'must be an option of resolv.conf'))
    .max(16)
    .default([]),
});

export const extraHosts = z.array(z.strictObject({ host: hostText, address })).max(100);
