/** The shapes of what a create body may ask for, after check-fields.ts has taken out everything else. */
import { z } from 'zod';
import { type Asked, refuse } from './check-fields.ts';

const strings = z.array(z.string());
/** As Go's strslice: a list, or one text. */
const words = z.union([strings, z.string().transform((word) => [word])]);
const set = z.record(z.string(), z.unknown()).transform((record) => Object.keys(record));
const size = z.int().min(0);
const texts = z.record(z.string(), z.string());

const healthcheck = z.object({
  Test: strings.optional(),
  Interval: size.optional(),
  Timeout: size.optional(),
  StartPeriod: size.optional(),
  Retries: size.optional(),
});

const mount = z.object({
  Type: z.enum(['volume', 'tmpfs', 'bind']).default('bind'),
  Source: z.string().optional(),
  Target: z.string(),
  ReadOnly: z.boolean().default(false),
  VolumeOptions: z.object({ NoCopy: z.boolean().optional(), Labels: texts.optional() }).optional(),
  TmpfsOptions: z
    .object({ SizeBytes: size.optional(), Mode: size.optional(), Options: z.array(strings.min(1).max(2)).optional() })
    .optional(),
});
export type MountBody = z.output<typeof mount>;

const hostConfig = z.object({
  Binds: strings.default([]),
  Mounts: z.array(mount).default([]),
  Tmpfs: texts.default({}),
  VolumesFrom: strings.optional(),
  PortBindings: z
    .record(z.string(), z.array(z.object({ HostPort: z.string().default('') }).nullable()).nullable())
    .default({}),
  PublishAllPorts: z.boolean().optional(),
  NetworkMode: z.string().default('default'),
  RestartPolicy: z
    .object({ Name: z.string().default('no'), MaximumRetryCount: z.int().default(0) })
    .default({ Name: 'no', MaximumRetryCount: 0 }),
  AutoRemove: z.boolean().default(false),
  CapAdd: words.optional(),
  CapDrop: words.optional(),
  SecurityOpt: strings.default([]),
  GroupAdd: strings.optional(),
  Dns: strings.default([]),
  DnsOptions: strings.default([]),
  DnsSearch: strings.default([]),
  ExtraHosts: strings.optional(),
  Init: z.boolean().default(false),
  ReadonlyRootfs: z.boolean().default(false),
  ShmSize: z.int().optional(),
  Sysctls: texts.optional(),
  ConsoleSize: z.tuple([size, size]).optional(),
  OomScoreAdj: z.int().optional(),
  Memory: z.int().optional(),
  MemoryReservation: z.int().optional(),
  NanoCpus: z.int().optional(),
  CpuQuota: z.int().optional(),
  CpuPeriod: z.int().optional(),
  CpuShares: z.int().optional(),
  PidsLimit: z.int().optional(),
  Ulimits: z.array(z.object({ Name: z.string(), Soft: z.int().default(0), Hard: z.int().default(0) })).optional(),
});
export type HostConfigBody = z.output<typeof hostConfig>;

const createBody = z.object({
  Image: z.string({ error: 'config cannot be empty in order to create a container: name an Image' }),
  Cmd: words.optional(),
  Entrypoint: words.optional(),
  Env: strings.default([]),
  WorkingDir: z.string().optional(),
  User: z.string().optional(),
  Hostname: z.string().optional(),
  Domainname: z.string().optional(),
  Labels: texts.default({}),
  Tty: z.boolean().default(false),
  OpenStdin: z.boolean().default(false),
  StdinOnce: z.boolean().default(false),
  AttachStdin: z.boolean().default(false),
  AttachStdout: z.boolean().default(false),
  AttachStderr: z.boolean().default(false),
  ExposedPorts: set.default([]),
  Volumes: set.default([]),
  Healthcheck: healthcheck.optional(),
  StopSignal: z.string().optional(),
  StopTimeout: z.int().optional(),
  NetworkDisabled: z.boolean().default(false),
  HostConfig: hostConfig.prefault({}),
  NetworkingConfig: z
    .object({
      EndpointsConfig: z.record(z.string(), z.object({ Aliases: strings.default([]) }).nullable()).default({}),
    })
    .default({ EndpointsConfig: {} }),
  name: z.string().optional(),
  platform: z.string().optional(),
});
export type CreateBody = z.output<typeof createBody>;

/** Throws invalid naming the field. */
export function parseCreateBody(asked: Asked): CreateBody {
  const parsed = createBody.safeParse(asked);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse('invalid', issue?.path.join('.') || 'body', `is not valid: ${issue?.message}`);
}
