/**
 * What a stage of Longshore in an AWS account is like: one object, checked before anything is synthesised. Whoever deploys writes the
 * short form (`SettingsInput`), of which only `stage` is needed; the constructs get the whole one.
 */
import { z } from 'zod';
import { logDays, parseConfig, settingNames } from '../src/config.ts';

const ranges = z.array(z.cidrv4('must be IPv4 ranges like 10.0.0.0/8')).min(1);
const halfUnits = z.number().multipleOf(0.5, 'must be in steps of 0.5').max(256);
const arn = (service: string, resource: string) =>
  z
    .string()
    .regex(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:\\d{12}:${resource}`), `must be the ARN of a ${resource}`);

const network = z.strictObject({
  /** Of the VPC that is made; it gets subnets in each zone: for tenants a quarter of it, for the rest small ones. */
  range: z
    .cidrv4('must be an IPv4 range')
    .refine((range) => Number(range.split('/')[1]) <= 18 && Number(range.split('/')[1]) >= 16, 'must be a /16 to /18')
    .default('10.70.0.0/16'),
  /** Names of the zones; empty: the first two of the region. */
  zones: z
    .array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'must be names of zones like eu-central-1a'))
    .max(3)
    .refine((names) => names.length !== 1, 'must be two or three zones, or empty')
    .default([]),
  /** How what has no public address reaches AWS and the internet: docs/aws-deploy.md does the sums. `endpoints` reaches AWS only. */
  egress: z.enum(['nat-gateway', 'nat-instance', 'endpoints']).default('nat-gateway'),
  /** One for all zones, or one in each: a zone's failure then stops nobody else. */
  natPerZone: z.boolean().default(false),
});

const database = z
  .strictObject({
    /** In Aurora's capacity units (2 GiB of memory each). 0: it pauses when nobody asks, and the first request waits for it some 15 s. */
    minimumUnits: halfUnits.min(0).default(0),
    maximumUnits: halfUnits.min(1).default(4),
    pauseAfterMinutes: z.number().int().min(5).max(1440).default(5),
    /** A second instance in another zone, which takes over within a minute, and is paid for. */
    standby: z.boolean().default(false),
    backupDays: z.number().int().min(1).max(35).default(7),
    rotateDays: z.number().int().min(1).max(365).default(30),
  })
  .refine(({ minimumUnits, maximumUnits }) => minimumUnits <= maximumUnits, {
    path: ['maximumUnits'],
    message: 'must not be below minimumUnits',
  });

const tenants = z.strictObject({
  /** Containers stand in public subnets and get a public address, where published ports are reachable and no NAT is paid for. */
  publicAddresses: z.boolean().default(false),
  /** Who may reach published ports. */
  ingress: ranges.max(50).default(['0.0.0.0/0']),
  spot: z.boolean().default(false),
  architecture: z.enum(['amd64', 'arm64']).default('amd64'),
  volumes: z.boolean().default(true),
  names: z.boolean().default(true),
  builds: z.boolean().default(true),
  pushes: z.boolean().default(true),
  /** Tenants may use secrets called `<prefix>/<tenant>/…`. */
  secrets: z.boolean().default(true),
  /** `shared`: all tasks have the same two roles, which may do nothing but run. `each`: those of `ids` have roles of their own, and no other tenant runs. */
  roles: z.enum(['shared', 'each']).default('shared'),
  /** Of tenants with roles of their own, as GET /v1/tenants/{name} tells them. */
  ids: z.array(z.uuid('must be ids of tenants')).max(50).default([]),
  /** An image of socat that the execution role may pull; null: published ports keep their numbers. */
  forwarder: z.string().max(512).nullable().default(null),
  logDays: logDays.default(30),
});

const domain = z.strictObject({
  name: z.hostname('must be a host name'),
  /** Of ACM, in the same region. */
  certificate: arn('acm', 'certificate/'),
  /** Where its record is made; null: whoever runs the zone makes it. */
  zone: z
    .strictObject({ id: z.string().regex(/^Z[A-Z0-9]+$/, 'must be the id of a hosted zone'), name: z.hostname() })
    .nullable()
    .default(null),
});

const api = z.strictObject({
  memoryMiB: z.number().int().min(256).max(10_240).default(1024),
  /** Of requests that may be under way at once; null: what the account has. */
  concurrency: z.number().int().min(1).max(10_000).nullable().default(null),
  ratePerSecond: z.number().int().min(1).max(10_000).default(500),
  rateBurst: z.number().int().min(1).max(5000).default(1000),
  /** Who may reach it at all. */
  ingress: ranges.default(['0.0.0.0/0']),
  /** A web ACL in front of it: addresses of ill repute, known attacks, and so many requests of one address in five minutes. Null: none. */
  firewall: z
    .strictObject({ requestsPerAddress: z.number().int().min(10).max(2_000_000_000).default(10_000) })
    .nullable()
    .default(null),
  domain: domain.nullable().default(null),
  /** API Gateway writes its log with a role that an account has once. False where something else of the account has set it. */
  setAccountLogRole: z.boolean().default(true),
});

/** The node process on Fargate behind a network load balancer: attach, interactive exec and everything else that is no request. */
const service = z.strictObject({
  cpuUnits: z.union([z.literal(256), z.literal(512), z.literal(1024), z.literal(2048)]).default(256),
  memoryMiB: z.number().int().min(512).max(16_384).default(1024),
  count: z.number().int().min(1).max(10).default(1),
  /** Reachable from the internet; else from the VPC and what is connected with it. */
  public: z.boolean().default(true),
  ingress: ranges.default(['0.0.0.0/0']),
  /** A secret with `certificate` and `privateKey` of the server and, for client certificates, `caCertificate` and `caPrivateKey`, in PEM. */
  tlsSecret: arn('secretsmanager', 'secret:'),
});

const owned = /^LONGSHORE_(PROVIDER|PORT|HOST|AWS_.*|DATABASE_.*|OPERATOR_KEY.*|SWEEP_RULE|TLS_.*|CA_.*)$/;

const settings = z.strictObject({
  /** Ends the names of everything: stages in one account know nothing of each other. */
  stage: z.string().regex(/^[a-z][a-z0-9]{0,10}$/, 'must be up to 11 of [a-z0-9], starting with a letter'),
  /** Where; unset: the account and region of whoever deploys. */
  account: z
    .string()
    .regex(/^\d{12}$/, 'must be 12 digits')
    .optional(),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region like eu-central-1')
    .optional(),
  network: network.prefault({}),
  database: database.prefault({}),
  tenants: tenants.prefault({}),
  api: api.prefault({}),
  service: service.nullable().default(null),
  /** Whose inbox the alarms go to, after a click in AWS's first letter; null: the topic has no subscriber yet. */
  alarmEmail: z.email('must be an address').nullable().default(null),
  /** Of Longshore's own logs. */
  logDays: logDays.default(90),
  /** What holds data is neither deleted by CloudFormation nor by hand. False for stages that come and go. */
  keepData: z.boolean().default(true),
  /** Registry hosts that tenants may pull from, as LONGSHORE_REGISTRIES: a port other than 443 is opened for the functions. */
  registries: z.array(z.string().regex(/^(\*|[a-z0-9.-]+(:\d{1,5})?)$/, 'must be hosts, or *')).default([]),
  /** Further settings of src/config.ts, such as LONGSHORE_QUOTA_CONTAINERS. */
  environment: z
    .record(
      z.string().refine((name) => name.startsWith('LONGSHORE_') && settingNames.has(name), 'is no setting'),
      z.string(),
    )
    .default({}),
});

export type SettingsInput = z.input<typeof settings>;
export type Settings = z.output<typeof settings>;

/** Throws an Error that names each wrong field in one line. */
export function parseSettings(input: unknown): Settings {
  const parsed = settings.safeParse(input);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`);
    throw new Error(`Settings: ${issues.join('; ')}`);
  }
  const found = parsed.data;
  const taken = Object.keys(found.environment).filter((name) => owned.test(name) || name === 'LONGSHORE_REGISTRIES');
  if (taken.length > 0) throw new Error(`Settings: environment.${taken[0]}: is set by the stacks themselves`);
  if (found.network.egress === 'endpoints' && found.tenants.publicAddresses) {
    throw new Error('Settings: tenants.publicAddresses: needs public subnets, which egress "endpoints" has none of');
  }
  if (found.tenants.ids.length > 0 && found.tenants.roles === 'shared') {
    throw new Error('Settings: tenants.ids: without effect while tenants.roles is "shared"');
  }
  if (found.network.natPerZone && found.network.egress === 'endpoints') {
    throw new Error('Settings: network.natPerZone: there is no NAT with egress "endpoints"');
  }
  checkEnvironment(found.environment);
  return found;
}

/** What AWS will tell only later stands in for itself, so that what can be wrong is found now. */
function checkEnvironment(environment: Record<string, string>): void {
  const role = 'arn:aws:iam::123456789012:role/longshore';
  const rest = {
    LONGSHORE_PROVIDER: 'aws',
    DATABASE_URL: 'postgres://longshore@database/longshore',
    LONGSHORE_AWS_VPC: 'vpc-0',
    LONGSHORE_AWS_SUBNETS: 'subnet-0',
    LONGSHORE_AWS_EXECUTION_ROLE: role,
    LONGSHORE_AWS_BUCKET: 'longshore',
  };
  try {
    parseConfig({ ...rest, ...environment });
  } catch (error) {
    throw new Error(`Settings: environment: ${(error as Error).message}`);
  }
}

/** Begins the names of everything of a stage: LONGSHORE_AWS_PREFIX. */
export const prefixOf = ({ stage }: Pick<Settings, 'stage'>): string => `longshore-${stage}`;
