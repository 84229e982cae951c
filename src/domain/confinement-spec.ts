/** How a container's processes are bounded beyond memory and CPU: capabilities, ulimits, kernel settings. */
import { z } from 'zod';

/** Docker's default set without NET_RAW, MKNOD, SYS_CHROOT and AUDIT_WRITE: the most that a container can have. */
export const capabilityNames = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
] as const;

/** `CAP_CHOWN`, `chown` and `CHOWN` are the same. */
const capability = z
  .string()
  .max(64)
  .transform((name) => name.toUpperCase().replace(/^CAP_/, ''));
const capabilityText = capability.pipe(z.string().regex(/^[A-Z_]+$/, 'must be the name of a capability, or ALL'));

/** Dropping ALL leaves those that are added; any other drop is taken from the usual set. Adding one that is usual does nothing. */
export const capabilities = z.strictObject({
  add: z
    .array(capability.pipe(z.enum(capabilityNames, `must be one of ${capabilityNames.join(', ')}`)))
    .max(64)
    .default([]),
  drop: z.array(capabilityText).max(64).default([]),
});

/** No real-time priority, no niceness, and none of the limits that count over all users of the host. */
export const ulimitNames = ['core', 'cpu', 'data', 'fsize', 'memlock', 'nofile', 'nproc', 'rss', 'stack'] as const;
const MAX_OPEN_FILES = 1_048_576;
const bound = z.int().min(-1).max(Number.MAX_SAFE_INTEGER);

export const ulimits = z
  .array(
    z
      /** -1 = no limit. */
      .strictObject({ name: z.enum(ulimitNames), soft: bound, hard: bound })
      .refine(({ soft, hard }) => hard === -1 || (soft !== -1 && soft <= hard), 'soft must not be above hard')
      .refine(
        ({ name, hard }) => name !== 'nofile' || (hard !== -1 && hard <= MAX_OPEN_FILES),
        `nofile may be at most ${MAX_OPEN_FILES}`,
      ),
  )
  .max(ulimitNames.length)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'each may be named once');

/** Settings of the container's own network namespace, which nothing outside of it sees. */
export const sysctlNames = [
  'net.core.somaxconn',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_max_syn_backlog',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_tw_reuse',
] as const;

export const sysctls = z.partialRecord(
  z.enum(sysctlNames, `must be one of ${sysctlNames.join(', ')}`),
  z.string().regex(/^[0-9 \t,-]{1,100}$/, 'must be numbers'),
);
