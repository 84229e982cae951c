/**
 * ContainerSpec: the canonical, provider-neutral, versioned description of what to run. Both front doors produce it, the
 * database stores it as jsonb, providers consume it. Defaults are applied here, at parse, and nowhere else.
 */
import { z } from 'zod';
import { capabilities, sysctls, ulimits } from './confinement-spec.ts';
import { dns, extraHosts } from './dns-spec.ts';
import { mount } from './mount-spec.ts';
import { MAX_ATTACHMENTS } from './network.ts';
import { labels, mebibytes, text } from './spec-text.ts';

/** PATH_MAX: nothing longer can be executed, and runc 1.1 hangs for ever over one that does not fit into a pipe (64 KiB). */
export const LONGEST_EXECUTABLE = 4096;

export const containerName = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, 'must be 2 to 128 of [a-zA-Z0-9_.-], starting with a letter or digit');

/** Those of Linux: a name that no provider knows would be tried for ever. */
const signals =
  'ABRT|ALRM|BUS|CHLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS|TERM|TRAP|TSTP|TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ';
const signalPattern = new RegExp(
  `^(${signals}|RTMIN(\\+([1-9]|1[0-5]))?|RTMAX(-([1-9]|1[0-4]))?|[1-9]|[1-5][0-9]|6[0-4])$`,
);
export const signalName = z
  .string()
  .transform((value) => value.toUpperCase().replace(/^SIG/, ''))
  .pipe(z.string().regex(signalPattern, 'must be a signal name or number 1-64'));

export const graceSeconds = z.int().min(0).max(3600);

const envName = text(1024)
  .min(1)
  .regex(/^[^=]+$/, 'must not contain "="');
const envRecord = z.record(envName, text(65_536));
/** Accepts {"NAME":"value"} and Docker's ["NAME=value"]; canonical is the record. */
const env = z
  .union([
    envRecord,
    z
      .array(text(66_560).regex(/^[^=]+=/, 'must be NAME=value'))
      .transform((list) =>
        Object.fromEntries(
          list.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
        ),
      ),
  ])
  .pipe(envRecord)
  .refine((value) => Object.keys(value).length <= 1000, 'at most 1000 variables');

const restartPolicies = z.enum(['no', 'on-failure', 'always', 'unless-stopped']);
/** Accepts the object and Docker's short form ("on-failure:3"). */
const restart = z.union([
  z.strictObject({
    policy: restartPolicies,
    /** Only for on-failure: how many restarts before giving up; 0 = without end. */
    maxRetries: z.int().min(0).max(1_000_000).default(0),
  }),
  z
    .string()
    .regex(/^(no|always|unless-stopped|on-failure(:\d{1,6})?)$/, 'must be no, always, unless-stopped or on-failure[:n]')
    .transform((short) => {
      const [policy, retries] = short.split(':');
      return { policy: restartPolicies.parse(policy), maxRetries: Number(retries ?? 0) };
    }),
]);

const port = z.strictObject({
  containerPort: z.int().min(1).max(65_535),
  /** Absent or 0: any free port of the operator's address. */
  hostPort: z.int().min(0).max(65_535).default(0),
  protocol: z.enum(['tcp', 'udp']).default('tcp'),
});
const exposedPort = port.omit({ hostPort: true });

/** Whatever is absent is as the image says, and else 30 s, 30 s, 0 s and 3. */
const healthcheck = z.strictObject({
  /** Exec form; `["CMD-SHELL", "…"]` runs a shell and `["NONE"]` switches the image's check off, as in Docker. */
  command: z
    .array(text(65_536))
    .min(1)
    .max(100)
    .refine(
      ([kind = '', next = '']) => (kind === 'CMD' ? next : kind).length <= LONGEST_EXECUTABLE,
      `cannot begin with more than ${LONGEST_EXECUTABLE} characters`,
    )
    .optional(),
  intervalSeconds: z.number().min(0.001).max(86_400).optional(),
  timeoutSeconds: z.number().min(0.001).max(86_400).optional(),
  startPeriodSeconds: z.number().min(0.001).max(86_400).optional(),
  retries: z.int().min(1).max(1000).optional(),
});

export const networkAliases = z.array(text(253).min(1)).max(32);

const attachment = z.strictObject({
  /** A network's name or id. */
  name: text(128).min(1),
  aliases: networkAliases.default([]),
});

export const containerSpec = z
  .strictObject({
    version: z.literal(1).default(1),
    image: text(512).min(1),
    command: z.array(text(131_072)).max(4096).optional(),
    entrypoint: z.array(text(131_072)).max(4096).optional(),
    env: env.default({}),
    /** Variables whose values the provider takes from its own store of secrets when it starts the container. */
    secrets: z
      .array(
        z.strictObject({
          name: envName,
          secret: text(512)
            .regex(
              /^[A-Za-z0-9/_+=.@-]+(#[A-Za-z0-9_.-]+)?$/,
              'must be the name of a secret, or name#key for one value of its JSON',
            )
            .describe("Name of one of the tenant's secrets; `name#key` is one value of its JSON"),
        }),
      )
      .max(100)
      .optional(),
    /** Variables of the image that the container shall not have. */
    unsetEnv: z.array(envName).max(1000).optional(),
    workdir: text(4096).regex(/^\//, 'must be an absolute path').optional(),
    user: text(256).min(1).optional(),
    /** Further groups of the first process: names of the image, or numbers. */
    groups: z.array(text(256).min(1)).max(64).optional(),
    hostname: text(63)
      .regex(/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/, 'must be a host name')
      .optional(),
    domainname: text(253)
      .regex(/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/, 'must be a domain')
      .optional(),
    labels: labels.default({}),
    /** Absent members take the operator's defaults when the container is accepted. */
    resources: z
      .strictObject({
        cpus: z.number().min(0.01).max(1024).optional(),
        memoryMiB: mebibytes(z.number().min(6).max(16_777_216)).optional(),
        /** What it is pushed back to when the machine runs short of memory. */
        memoryReservationMiB: mebibytes(z.number().min(6).max(16_777_216)).optional(),
        pids: z.int().min(1).max(4_194_304).optional(),
        /** Its weight where containers compete for a CPU; 1024 when absent. */
        cpuShares: z.int().min(2).max(1024).optional(),
        /** Of /dev/shm; 64 when absent. */
        shmMiB: mebibytes(z.number().positive().max(16_777_216)).optional(),
        /** The higher, the earlier its processes go when memory runs out. */
        oomScoreAdj: z.int().min(0).max(1000).optional(),
      })
      .default({}),
    ulimits: ulimits.optional(),
    capabilities: capabilities.optional(),
    sysctls: sysctls.optional(),
    ports: z.array(port).max(100).default([]),
    /** Ports that it listens on, beside those of its image. */
    expose: z.array(exposedPort).max(100).optional(),
    /** Publishes every exposed port that `ports` leaves out, the image's included, on any free one. */
    publishAll: z.boolean().optional(),
    mounts: z.array(mount).max(64).default([]),
    /** Containers whose mounts it gets as well, where it has none at the same path. They are resolved once, when it is created. */
    volumesFrom: z
      .array(
        z.strictObject({
          container: text(128).min(1).describe('Id, unique prefix of an id, or name'),
          /** Absent: as they are there. */
          readOnly: z.boolean().optional(),
        }),
      )
      .max(16)
      .optional(),
    /** Empty: the tenant's own default network. */
    networks: z.array(attachment).max(MAX_ATTACHMENTS).default([]),
    /** True: no network but the loopback. */
    noNetwork: z.boolean().optional(),
    dns: dns.optional(),
    extraHosts: extraHosts.optional(),
    restart: restart.default({ policy: 'no', maxRetries: 0 }),
    stop: z
      .strictObject({ signal: signalName.optional(), graceSeconds: graceSeconds.default(10) })
      .default({ graceSeconds: 10 }),
    healthcheck: healthcheck.optional(),
    tty: z.boolean().default(false),
    stdin: z.boolean().default(false),
    /** False: standard input stays open when the first who attached leaves. */
    stdinOnce: z.boolean().optional(),
    /** Which streams its creator means to attach to: remembered, and of no effect. */
    attach: z
      .array(z.enum(['stdin', 'stdout', 'stderr']))
      .max(3)
      .optional(),
    /** Of its terminal, until somebody resizes it. */
    consoleSize: z.strictObject({ rows: z.int().min(1).max(65_535), columns: z.int().min(1).max(65_535) }).optional(),
    init: z.boolean().default(false),
    readonlyRoot: z.boolean().default(false),
    autoRemove: z.boolean().default(false),
  })
  .meta({ id: 'ContainerSpec' });

export type ContainerSpec = z.output<typeof containerSpec>;
export type Resources = ContainerSpec['resources'];

/** What of them can change while a container is there. */
export const changeableResources = containerSpec.shape.resources
  .unwrap()
  .pick({ cpus: true, memoryMiB: true, memoryReservationMiB: true, pids: true, cpuShares: true });
export type ChangeableResources = z.output<typeof changeableResources>;
export type ContainerSpecInput = z.input<typeof containerSpec>;
