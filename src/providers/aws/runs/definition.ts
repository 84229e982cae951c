/**
 * A run in ECS's words: the task definition, which containers share when they say the same, and the overrides of one
 * RunTask, which hold whatever can be overridden. Pure.
 */
import type { ContainerDefinition, RegisterTaskDefinitionRequest, TaskOverride } from '@aws-sdk/client-ecs';
import { sha256 } from '../../../domain/clock.ts';
import { commandOf, healthcheckOf } from '../../../domain/container-command.ts';
import type { ContainerSpec } from '../../../domain/container-spec.ts';
import { AppError } from '../../../domain/errors.ts';
import type { ImageDetails } from '../../../domain/image.ts';
import type { CreateInput } from '../../provider.ts';
import { familyName, logGroupName, logStreamPrefix, mainContainer, type Names } from '../naming.ts';
import { type AwsSettings, roleOf } from '../settings.ts';
import { forwardersOf, mappingsOf, portsOf } from './ports.ts';
import { taskSize } from './sizes.ts';

export interface DefinitionSite extends Names {
  settings: AwsSettings;
  region: string;
  /** What its names end with on its first network. */
  domain: string | null;
}

/** Where an image is, and what its own configuration says. */
export interface RunImage {
  /** `registry/repository@sha256:…`. */
  uri: string;
  details: Pick<ImageDetails, 'architecture' | 'config'>;
}

export interface RunDefinition {
  definition: RegisterTaskDefinitionRequest;
  overrides: TaskOverride;
}

const mostOverrideCharacters = 8192;
/** Any size that Fargate has: each run overrides it. */
const anySize = { cpu: '256', memory: '512' };
/** Docker's usual set, which is also Fargate's. */
const fargateCapabilities = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];
/** Those that no container has unless it asks, on any provider. */
const neverUsual = ['AUDIT_WRITE', 'MKNOD', 'NET_RAW', 'SYS_CHROOT'];

/** @param accessPoints of the run's volumes, in their order */
export function toDefinition(
  site: DefinitionSite,
  input: CreateInput,
  image: RunImage,
  accessPoints: readonly string[],
): RunDefinition {
  const { spec } = input;
  const { entryPoint, command } = commandsOf(spec, image);
  const size = taskSize(spec.resources.cpus, spec.resources.memoryMiB);
  const ports = portsOf(spec);
  const mappings = mappingsOf(ports);
  const forwarders = forwardersOf(ports, site.settings.forwarderImage);
  const env = { ...(site.domain !== null && { LONGSHORE_DOMAIN: site.domain }), ...spec.env };
  const environment = Object.entries(env).map(([name, value]) => ({ name, value }));
  const container: ContainerDefinition = {
    name: mainContainer,
    image: image.uri,
    essential: true,
    ...(entryPoint && { entryPoint }),
    ...(spec.user !== undefined && { user: spec.user }),
    ...(spec.workdir !== undefined && { workingDirectory: spec.workdir }),
    ...(spec.readonlyRoot && { readonlyRootFilesystem: true }),
    ...(spec.tty && { pseudoTerminal: true }),
    ...(spec.stdin && { interactive: true }),
    linuxParameters: {
      // Exec leaves processes behind that only an init collects.
      initProcessEnabled: spec.init || site.settings.taskRole !== null,
      capabilities: { drop: droppedCapabilities(spec) },
    },
    ...(spec.ulimits?.length && {
      ulimits: spec.ulimits.map(({ name, soft, hard }) => ({ name, softLimit: soft, hardLimit: hard })),
    }),
    ...(spec.sysctls && {
      systemControls: Object.entries(spec.sysctls).map(([namespace, value]) => ({ namespace, value })),
    }),
    ...(mappings.length > 0 && { portMappings: mappings }),
    ...secretsOf(site, input),
    ...healthCheckOf(spec, image),
    mountPoints: input.volumes.map(({ target, readOnly }, at) => ({
      sourceVolume: volumeName(at),
      containerPath: target,
      readOnly,
    })),
    stopTimeout: Math.max(1, Math.min(spec.stop.graceSeconds, 120)),
    logConfiguration: {
      logDriver: 'awslogs',
      options: {
        'awslogs-group': logGroupName(site, input.tenantId),
        'awslogs-region': site.region,
        'awslogs-stream-prefix': logStreamPrefix,
        // A line that waits is better than one that is lost.
        mode: 'blocking',
      },
    },
  };
  const override = {
    name: mainContainer,
    ...(command.length > 0 && { command }),
    ...(environment.length > 0 && { environment }),
    ...(spec.resources.memoryMiB !== undefined && { memory: Math.ceil(spec.resources.memoryMiB) }),
    ...(spec.resources.memoryReservationMiB !== undefined && {
      memoryReservation: Math.ceil(spec.resources.memoryReservationMiB),
    }),
  };
  const own = { cpu: String(size.cpuUnits), memory: String(size.memoryMiB) };
  const overrides = { ...own, containerOverrides: [override] };
  const definition = wholeDefinition(site, input, image, [container, ...forwarders], accessPoints);
  if (JSON.stringify(overrides).length <= mostOverrideCharacters) return named(site, definition, overrides);
  // Too long for RunTask: then it is a definition of its own.
  const { command: _command, environment: _environment, ...short } = override;
  const full = { ...container, ...(command.length > 0 && { command }), environment };
  return named(
    site,
    { ...definition, containerDefinitions: [full, ...forwarders] },
    { ...own, containerOverrides: [short] },
  );
}

/** Their values never come here: the tenant's execution role reads them when a task starts. */
function secretsOf(site: DefinitionSite, { spec, tenantId }: CreateInput): Pick<ContainerDefinition, 'secrets'> {
  const { secretPrefix, executionRole } = site.settings;
  if (!spec.secrets?.length || secretPrefix === null) return {};
  const [, partition, , , account] = executionRole.split(':');
  const arn = `arn:${partition}:secretsmanager:${site.region}:${account}:secret:${roleOf(secretPrefix, tenantId)}`;
  const secrets = spec.secrets.map(({ name, secret }) => {
    const [path = '', key] = secret.split('#');
    return { name, valueFrom: key === undefined ? `${arn}${path}` : `${arn}${path}:${key}::` };
  });
  return { secrets };
}

type Unnamed = Omit<RegisterTaskDefinitionRequest, 'family'>;

function wholeDefinition(
  site: DefinitionSite,
  { tenantId }: CreateInput,
  { details }: RunImage,
  containerDefinitions: ContainerDefinition[],
  accessPoints: readonly string[],
): Unnamed {
  const { settings } = site;
  return {
    ...anySize,
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    runtimePlatform: { operatingSystemFamily: 'LINUX', cpuArchitecture: cpuArchitecture(details.architecture) },
    executionRoleArn: roleOf(settings.executionRole, tenantId),
    ...(settings.taskRole !== null && { taskRoleArn: roleOf(settings.taskRole, tenantId) }),
    containerDefinitions,
    volumes: accessPoints.map((accessPointId, at) => ({
      name: volumeName(at),
      efsVolumeConfiguration: {
        fileSystemId: settings.fileSystemId ?? '',
        transitEncryption: 'ENABLED',
        authorizationConfig: { accessPointId, iam: settings.taskRole === null ? 'DISABLED' : 'ENABLED' },
      },
    })),
  };
}

/** The family is a hash of all it says, so that whoever needs the same finds it. */
function named(site: DefinitionSite, definition: Unnamed, overrides: TaskOverride): RunDefinition {
  const text = JSON.stringify(definition);
  if (Buffer.byteLength(text) > 60 * 1024) {
    throw new AppError(
      'unsupported',
      'env: ECS describes a container by at most 64 KiB; pass less by environment and command',
    );
  }
  return { definition: { family: familyName(site, sha256(text)), ...definition }, overrides };
}

function commandsOf(spec: ContainerSpec, { details }: RunImage): { entryPoint?: string[]; command: string[] } {
  const { entrypoint, command } = commandOf(spec, details.config);
  if (spec.entrypoint === undefined) return { command };
  // An empty list would mean the image's own.
  const [first = '', ...others] = [...entrypoint, ...command];
  return { entryPoint: [first], command: others };
}

function cpuArchitecture(architecture: string): 'X86_64' | 'ARM64' {
  if (architecture === 'amd64') return 'X86_64';
  if (architecture === 'arm64') return 'ARM64';
  throw new AppError('unsupported', `image: Fargate runs images for amd64 and arm64, not for ${architecture}`);
}

/** Fargate can take capabilities away and add none, which suffices: nobody gets more than its usual set. */
function droppedCapabilities({ capabilities }: ContainerSpec): string[] {
  const { add = [], drop = [] } = capabilities ?? {};
  const given = drop.includes('ALL') ? [] : fargateCapabilities.filter((name) => !neverUsual.includes(name));
  const kept = new Set<string>([...given.filter((name) => !drop.includes(name)), ...add]);
  return fargateCapabilities.filter((name) => !kept.has(name));
}

/** ECS ignores the image's own check, so that it is copied; what an image asks beyond ECS's bounds is brought within. */
function healthCheckOf(
  { healthcheck }: ContainerSpec,
  { details }: RunImage,
): Pick<ContainerDefinition, 'healthCheck'> {
  const check = healthcheckOf(healthcheck, details.config.healthcheck);
  if (!check) return {};
  const bounded = (value: number, usual: number, from: number, to: number) =>
    Math.min(to, Math.max(from, Math.ceil(value === 0 ? usual : value)));
  return {
    healthCheck: {
      command: check.command,
      interval: bounded(check.intervalSeconds, 30, 5, 300),
      timeout: bounded(check.timeoutSeconds, 30, 2, 60),
      retries: bounded(check.retries, 3, 1, 10),
      startPeriod: Math.min(300, Math.ceil(check.startPeriodSeconds)),
    },
  };
}

const volumeName = (at: number): string => `volume-${at}`;
