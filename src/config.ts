/**
 * Every setting, parsed once from the environment. Imports zod only, so that infra and entrypoints can share it.
 */
import { z } from 'zod';

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter(Boolean),
  );
const ranges = z
  .string()
  .default('172.20.0.0/14,172.24.0.0/14,172.28.0.0/15,172.30.0.0/16')
  .transform((text) => text.split(',').map((range) => range.trim()))
  .pipe(z.array(z.cidrv4('must be IPv4 ranges like 172.28.0.0/15, separated by commas')));
/** `[tenant=]/path` entries; without a tenant it is the first one of `npm run up`. */
const grants = z
  .string()
  .default('')
  .transform((text) => text.split(':').filter(Boolean))
  .pipe(
    z.array(z.string().regex(/^([a-z0-9][a-z0-9-]*=)?\/[^:]*$/, 'must be [tenant=]/path entries separated by colons')),
  )
  .transform((entries) =>
    entries.map((entry) => {
      const end = entry.indexOf('/');
      return { tenant: entry.slice(0, end).replace('=', '') || 'dev', path: entry.slice(end) };
    }),
  );
const flag = z
  .enum(['0', '1', 'true', 'false'])
  .default('0')
  .transform((value) => value === '1' || value === 'true');
/** How long CloudWatch Logs can keep lines. */
const offered = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
export const logDays = z.number().refine((days) => offered.includes(days), `must be one of ${offered.join(', ')}`);
const secretArn = z.string().regex(/^arn:aws[a-z-]*:secretsmanager:./, 'must be the ARN of a secret');
const count = (fallback: number, max = 1_000_000_000) => z.coerce.number().int().min(0).max(max).default(fallback);

const common = z.object({
  LONGSHORE_PORT: z.coerce.number().int().min(0).max(65_535).default(7070),
  LONGSHORE_HOST: z.string().default('127.0.0.1'),
  /** Serves /metrics without a key, on an address of its own; unset: /metrics needs the operator key. */
  LONGSHORE_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  LONGSHORE_METRICS_HOST: z.string().default('127.0.0.1'),
  /** PEM files. With them it listens with TLS as well, on the same host: the same API, and client certificates count. */
  LONGSHORE_TLS_CERT: z.string().optional(),
  LONGSHORE_TLS_KEY: z.string().optional(),
  LONGSHORE_TLS_PORT: z.coerce.number().int().min(0).max(65_535).default(2376),
  /** PEM files of the authority that signs client certificates, as `longshore certs init` makes them; unset: there are none. */
  LONGSHORE_CA_CERT: z.string().optional(),
  LONGSHORE_CA_KEY: z.string().optional(),
  LONGSHORE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** The migration owner's URL. The two roles below it are assumed at connect unless they have URLs of their own. */
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/./, 'must be postgres://user:password@host:port/database')
    .optional(),
  LONGSHORE_APP_DATABASE_URL: z.string().optional(),
  LONGSHORE_RECONCILER_DATABASE_URL: z.string().optional(),
  /** A secret of Secrets Manager as RDS writes them: the owner's login, read again when it is refused. Without DATABASE_URL it says where as well. */
  LONGSHORE_DATABASE_SECRET: secretArn.optional(),
  /** DATABASE_URL has no password: each connection logs in with a token of RDS's. */
  LONGSHORE_DATABASE_IAM: flag,
  LONGSHORE_DATABASE_CONNECTIONS: z.coerce.number().int().min(1).max(100).default(8),
  /** Off behind a proxy that hands each transaction to another connection: nothing of a session is relied on then. */
  LONGSHORE_DATABASE_PREPARE: z
    .enum(['0', '1', 'true', 'false'])
    .default('1')
    .transform((value) => value === '1' || value === 'true'),
  /** How long a request waits for a database that does not take connections, such as one that was paused; then it is told to come back. */
  LONGSHORE_DATABASE_WAIT_SECONDS: z.coerce.number().int().min(0).max(60).default(0),
  /** The key of the routes under /v1/tenants, /v1/orphans and of /metrics, which nobody may use without one. `npm run up` makes one. */
  LONGSHORE_OPERATOR_KEY: z
    .string()
    .regex(/^lsk_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/, 'must be a key as newApiKey() of src/domain/api-key.ts makes them')
    .optional(),
  /** A secret of Secrets Manager whose text is that key, instead of it. */
  LONGSHORE_OPERATOR_KEY_SECRET: secretArn.optional(),
  /** Quotas of a tenant that states none. */
  LONGSHORE_QUOTA_CONTAINERS: count(100),
  LONGSHORE_QUOTA_VOLUMES: count(100),
  LONGSHORE_QUOTA_NETWORKS: count(20),
  LONGSHORE_QUOTA_IMAGES: count(200),
  /** What a container gets that states no limits, and the most that one may ask for. */
  LONGSHORE_DEFAULT_MEMORY_MIB: count(512),
  LONGSHORE_DEFAULT_CPUS: z.coerce.number().positive().default(1),
  LONGSHORE_DEFAULT_PIDS: count(512),
  LONGSHORE_MAX_MEMORY_MIB: count(16_384),
  LONGSHORE_MAX_CPUS: z.coerce.number().positive().default(16),
  LONGSHORE_MAX_PIDS: count(4096),
  /**
   * Folders of the host that a tenant may mount: `[tenant=]/path`, separated by colons. Whoever is granted one is trusted with the
   * host: what is mounted is the real folder, and links in it can be swapped between our look and the kernel's.
   */
  LONGSHORE_DEV_BINDS: grants,
  /** Where tenants may choose the subnets of their networks. A subnet takes its addresses from the whole machine. */
  LONGSHORE_SUBNETS: ranges,
  /** Requests a second that a tenant may make, and the burst above it. */
  LONGSHORE_RATE_PER_SECOND: count(2000),
  LONGSHORE_RATE_BURST: count(10_000),
  /**
   * What one tenant may have under way at once in one process: follow, exec and event streams; pulls; creates, starts, stops and
   * so on that wait for the provider; stats and process lists asked for once.
   */
  LONGSHORE_MAX_STREAMS: count(1000),
  LONGSHORE_MAX_PULLS: count(8),
  LONGSHORE_MAX_VERBS: count(1000),
  LONGSHORE_MAX_LOOKS: count(50),
  /** What an archive of images, or the files of a build, may hold. They are unpacked into the system's temporary folder. */
  LONGSHORE_MAX_UPLOAD_MIB: count(4096, 1_000_000),
  /** How long one build may take, in seconds. */
  LONGSHORE_MAX_BUILD_SECONDS: z.coerce.number().int().min(1).max(86_400).default(3600),
  /** Registry hosts that tenants may use, beside docker.io; "*" = any public one. */
  LONGSHORE_REGISTRIES: list,
  /** Registries on 127.0.0.1 are allowed and may speak plain HTTP. For development. */
  LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: flag,
  /** Images already at the provider that every tenant sees, read-only: references. */
  LONGSHORE_SHARED_IMAGES: list,
  /** How long records outlive their use, in hours. */
  LONGSHORE_RETAIN_EVENTS_HOURS: count(24 * 7),
  LONGSHORE_RETAIN_OPERATIONS_HOURS: count(24 * 7),
  LONGSHORE_RETAIN_IDEMPOTENCY_HOURS: count(24),
  LONGSHORE_RETAIN_TOMBSTONES_HOURS: count(24 * 7),
  /** How often everything at the provider is compared with every row, in seconds. */
  LONGSHORE_SWEEP_SECONDS: z.coerce.number().int().min(1).max(86_400).default(60),
  /**
   * An EventBridge rule, `rule` or `bus/rule`, that invokes the sweep function every minute: switched on before work is accepted, and
   * off when nothing is live or due. Unset: some process works in the background all the time.
   */
  LONGSHORE_SWEEP_RULE: z
    .string()
    .regex(/^([/.\w-]{1,256}\/)?[.\w-]{1,64}$/, 'must be the name of a rule, or bus/rule')
    .optional(),
});

const docker = common.extend({
  LONGSHORE_PROVIDER: z.literal('docker').default('docker'),
  DOCKER_HOST: z.string().default('unix:///var/run/docker.sock'),
  /** The address that published ports are bound to. */
  LONGSHORE_PUBLISH_ADDRESS: z.string().default('127.0.0.1'),
});
const memory = common.extend({ LONGSHORE_PROVIDER: z.literal('memory') });

const arn = z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/./, 'must be the ARN of a role');
/** Region, endpoint and credentials are the AWS SDK's own variables. */
const aws = common.extend({
  LONGSHORE_PROVIDER: z.literal('aws'),
  /** Begins the names of everything that is made: clusters, log groups, repositories, security groups, namespaces. */
  LONGSHORE_AWS_PREFIX: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be up to 31 of [a-z0-9-], starting with a letter')
    .default('longshore'),
  LONGSHORE_AWS_VPC: z.string().regex(/^vpc-[0-9a-f]+$/, 'must be the id of a VPC'),
  /** Of that VPC, better in several availability zones; each container takes an address of one. */
  LONGSHORE_AWS_SUBNETS: list.pipe(
    z
      .array(z.string().regex(/^subnet-[0-9a-f]+$/, 'must be ids of subnets, separated by commas'))
      .min(1)
      .max(16),
  ),
  /** Containers get a public address. In a public subnet they need one to reach ECR and CloudWatch. */
  LONGSHORE_AWS_PUBLIC_ADDRESSES: flag,
  /** Who may reach published ports. */
  LONGSHORE_AWS_INGRESS: z
    .string()
    .default('0.0.0.0/0')
    .transform((text) => text.split(',').map((range) => range.trim()))
    .pipe(z.array(z.cidrv4('must be IPv4 ranges separated by commas')).max(50)),
  /** Roles of the tasks; `{tenant}` in them becomes the tenant's id. Without a task role there is no exec. */
  LONGSHORE_AWS_EXECUTION_ROLE: arn,
  LONGSHORE_AWS_TASK_ROLE: arn.optional(),
  /** A privileged project of CodeBuild with Docker's classic builder, in which images are built. Unset: builds are refused. */
  LONGSHORE_AWS_BUILD_PROJECT: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{1,149}$/, 'must be the name of a project of CodeBuild')
    .optional(),
  /** Of its machines, with `{tenant}` as above. Unset: the project's own. */
  LONGSHORE_AWS_BUILD_ROLE: arn.optional(),
  /** What tenants push with, each only to repositories of his own; Longshore must be allowed to assume it. Unset: they push through Longshore. */
  LONGSHORE_AWS_PUSH_ROLE: arn.optional(),
  /** An S3 bucket: the records of runs and images, and files on their way to builds and containers. */
  LONGSHORE_AWS_BUCKET: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket'),
  LONGSHORE_AWS_LOG_RETENTION_DAYS: z.coerce.number().pipe(logDays).default(30),
  /** The EFS file system of the volumes; unset: there are none. */
  LONGSHORE_AWS_EFS: z
    .string()
    .regex(/^fs-[0-9a-f]+$/, 'must be the id of a file system')
    .optional(),
  /** Containers run on Spot capacity: cheaper, and stopped when AWS needs it. */
  LONGSHORE_AWS_SPOT: flag,
  /** A private DNS namespace of Cloud Map's in the VPC, in which containers get names. Unset: they have none. */
  LONGSHORE_AWS_NAMESPACE: z
    .string()
    .regex(/^ns-[a-z0-9]+$/, 'must be the id of a namespace')
    .optional(),
  /** What the names of a tenant's secrets in Secrets Manager begin with; `{tenant}` becomes its id. Unset: there are none. */
  LONGSHORE_AWS_SECRETS: z
    .string()
    .regex(/^[A-Za-z0-9/_+=.@-]*\{tenant\}\/$/, 'must end with {tenant}/, so that no tenant has the secrets of another')
    .optional(),
  /** An SQS queue that ECS's task state changes go to, polled by this process; unset: it lists tasks more often instead. */
  LONGSHORE_AWS_EVENTS_QUEUE: z.url('must be the URL of a queue').optional(),
  /** An image whose command is socat's, which the execution role may pull: it serves `-p 8080:80`. Unset: that is refused. */
  LONGSHORE_AWS_FORWARDER: z.string().max(512).optional(),
  /** Taken from registries that offer an image for several. */
  LONGSHORE_AWS_ARCHITECTURE: z.enum(['amd64', 'arm64']).default('amd64'),
});

const together = [
  ['LONGSHORE_TLS_CERT', 'LONGSHORE_TLS_KEY'],
  ['LONGSHORE_CA_CERT', 'LONGSHORE_CA_KEY'],
] as const;

const apart = [
  ['LONGSHORE_OPERATOR_KEY', 'LONGSHORE_OPERATOR_KEY_SECRET'],
  ['LONGSHORE_DATABASE_SECRET', 'LONGSHORE_DATABASE_IAM'],
] as const;

/** Either says where the database is. */
const databases = ['DATABASE_URL', 'LONGSHORE_DATABASE_SECRET'] as const;

/** Of every setting there is, whatever the provider. */
export const settingNames = new Set([docker, aws, memory].flatMap((schema) => Object.keys(schema.shape)));

export type Config = z.infer<typeof docker> | z.infer<typeof aws> | z.infer<typeof memory>;

/** Throws an Error whose message names each wrong setting in one line; unknown variables are not ours and are ignored. */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const provider = given.LONGSHORE_PROVIDER ?? 'docker';
  const schema = new Map<string, typeof docker | typeof aws | typeof memory>([
    ['docker', docker],
    ['aws', aws],
    ['memory', memory],
  ]).get(provider);
  if (!schema) throw new Error(`LONGSHORE_PROVIDER must be docker, aws or memory, not ${JSON.stringify(provider)}`);
  const parsed = schema.safeParse(given);
  const issues = (parsed.error?.issues ?? []).map(({ path, message }) => {
    const name = path.join('.');
    return `${name}: ${name in given ? message : 'is missing'}`;
  });
  for (const [one, other] of together) {
    if (one in given !== other in given) issues.push(`${one} and ${other} go together: set both, or neither`);
  }
  for (const [one, other] of apart) {
    if (one in given && other in given) issues.push(`${one} and ${other} exclude each other: set one of them`);
  }
  if (!databases.some((name) => name in given)) issues.unshift(`${databases.join(' or ')}: is missing`);
  if (parsed.success && issues.length === 0) return parsed.data;
  throw new Error(issues.join('; '));
}
