/** A task's containers as the runtime is to run them: definition, overrides and secrets together. */
import type { ContainerDefinition, ContainerOverride, TaskOverride } from '@aws-sdk/client-ecs';
import { AwsError } from '../aws-error.ts';
import { denied } from '../identities.ts';
import type { LogStream } from '../logs/log-store.ts';
import type { ContainerPlan, MountPlan } from '../runtime/runtime.ts';
import type { Site } from '../site.ts';
import { checkSize } from './definition-rules.ts';
import type { TaskRecord } from './ecs-store.ts';

/** A task that AWS could not set up; the message is its stoppedReason. */
export class InitializationError extends Error {
  constructor(text: string) {
    super(`ResourceInitializationError: ${text}`);
  }
}

export function sizeOf({ definition, task }: TaskRecord) {
  return checkSize(task.overrides?.cpu ?? definition.cpu ?? '', task.overrides?.memory ?? definition.memory ?? '');
}

/** Reads the secrets and opens the log streams; throws InitializationError when the execution role or they do not allow it. */
export function planContainers(site: Site, record: TaskRecord): ContainerPlan[] {
  const { definition, task } = record;
  const overrides: TaskOverride = task.overrides ?? {};
  return (definition.containerDefinitions ?? []).map((container) => {
    const own = overrides.containerOverrides?.find(({ name }) => name === container.name) ?? {};
    return planContainer(site, record, container, own);
  });
}

function planContainer(
  site: Site,
  record: TaskRecord,
  container: ContainerDefinition,
  own: ContainerOverride,
): ContainerPlan {
  const linux = container.linuxParameters ?? {};
  const health = container.healthCheck?.command?.[0] === 'NONE' ? undefined : container.healthCheck;
  return {
    name: container.name ?? '',
    image: container.image ?? '',
    command: own.command ?? container.command,
    entryPoint: container.entryPoint,
    environment: environmentOf(site, record, container, own),
    user: container.user,
    workingDirectory: container.workingDirectory,
    readOnly: container.readonlyRootFilesystem ?? false,
    init: linux.initProcessEnabled ?? false,
    tty: container.pseudoTerminal ?? false,
    openStdin: container.interactive ?? false,
    addCapabilities: linux.capabilities?.add ?? [],
    dropCapabilities: linux.capabilities?.drop ?? [],
    ulimits: (container.ulimits ?? []).map(({ name = 'nofile', softLimit = 0, hardLimit = 0 }) => ({
      name,
      soft: softLimit,
      hard: hardLimit,
    })),
    sysctls: Object.fromEntries((container.systemControls ?? []).map(({ namespace, value }) => [namespace, value])),
    labels: container.dockerLabels ?? {},
    memoryMiB: own.memory ?? container.memory ?? sizeOf(record).memoryMiB,
    mounts: (container.mountPoints ?? []).map(({ sourceVolume = '', containerPath = '', readOnly = false }) => ({
      ...volumeOf(site, record, sourceVolume),
      path: containerPath,
      readOnly,
    })),
    healthCheck: health && {
      command: health.command ?? [],
      intervalS: health.interval ?? 30,
      timeoutS: health.timeout ?? 5,
      retries: health.retries ?? 3,
      startPeriodS: health.startPeriod ?? 0,
    },
    stopTimeoutS: container.stopTimeout ?? 30,
    onLine: logSink(site, record, container),
  };
}

function environmentOf(site: Site, record: TaskRecord, container: ContainerDefinition, own: ContainerOverride) {
  const merged: Record<string, string> = {
    AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
    AWS_REGION: site.region,
    AWS_DEFAULT_REGION: site.region,
    ECS_CONTAINER_METADATA_URI_V4: `http://169.254.170.2/v4/${record.id}`,
  };
  for (const { name = '', value = '' } of [...(container.environment ?? []), ...(own.environment ?? [])]) {
    merged[name] = value;
  }
  for (const { name = '', valueFrom = '' } of container.secrets ?? []) merged[name] = secretOf(site, record, valueFrom);
  return merged;
}

function secretOf(site: Site, record: TaskRecord, reference: string): string {
  const prefix = 'unable to pull secrets or registry auth: execution resource retrieval failed:';
  try {
    const secret = site.secrets.find(reference.split(':').slice(0, 7).join(':'));
    demandOfRole(site, record, 'secretsmanager:GetSecretValue', secret.arn);
    return site.secrets.valueFrom(reference);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const text = `failed to fetch secret ${reference} from secrets manager: ${error.code}: ${error.message}`;
    throw new InitializationError(`${prefix} unable to retrieve secret from asm: ${text}`);
  }
}

/** The login of a registry other than ECR, from the secret that the container definition names. */
export function registryLogin(site: Site, record: TaskRecord, name: string) {
  const container = record.definition.containerDefinitions?.find((each) => each.name === name);
  const reference = container?.repositoryCredentials?.credentialsParameter;
  if (reference === undefined) return undefined;
  const login: { username?: string; password?: string } = JSON.parse(secretOf(site, record, reference));
  return { username: login.username ?? '', password: login.password ?? '' };
}

/** Throws AccessDeniedException when the task's execution role may not do that. */
export function demandOfRole(site: Site, { definition, task }: TaskRecord, action: string, resource: string): void {
  const arn = task.overrides?.executionRoleArn ?? definition.executionRoleArn ?? '';
  const { identities } = site.world;
  if (!identities.roleAllows(arn, { action, resource, context: {} })) {
    throw denied({ arn: arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/') }, { action, resource });
  }
}

function volumeOf(site: Site, { definition, id }: TaskRecord, name: string): Pick<MountPlan, 'volume' | 'owner'> {
  const efs = definition.volumes?.find((volume) => volume.name === name)?.efsVolumeConfiguration;
  if (!efs) return { volume: `task-${id}-${name}` };
  const fileSystemId = efs.fileSystemId ?? '';
  const accessPointId = efs.authorizationConfig?.accessPointId;
  try {
    site.efs.fileSystem(fileSystemId);
    const root = accessPointId ? site.efs.accessPoint(accessPointId).RootDirectory : { Path: efs.rootDirectory };
    const { OwnerUid: uid = 0, OwnerGid: gid = 0, Permissions = '755' } = root?.CreationInfo ?? {};
    const owner = root?.CreationInfo && { uid, gid, mode: Number.parseInt(Permissions, 8) };
    return { volume: `${fileSystemId}-${(root?.Path ?? '/').replaceAll(/[^A-Za-z0-9]+/g, '-')}`, owner };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new InitializationError(`failed to invoke EFS utils commands to set up EFS volumes: ${error.message}`);
  }
}

/** Writes to `prefix/container/task`, as the awslogs driver does. */
function logSink(site: Site, record: TaskRecord, container: ContainerDefinition): ContainerPlan['onLine'] {
  const options = container.logConfiguration?.options ?? {};
  if (container.logConfiguration?.logDriver !== 'awslogs') return undefined;
  const group = options['awslogs-group'] ?? '';
  const name = `${options['awslogs-stream-prefix']}/${container.name}/${record.id}`;
  const home = site.sibling(options['awslogs-region'] ?? site.region);
  const stream = openStream(home, record, group, name, options['awslogs-create-group'] === 'true');
  return (line) => home.logs.append(stream, line);
}

function openStream(site: Site, record: TaskRecord, group: string, name: string, create: boolean): LogStream {
  try {
    if (create && !site.logs.groups.has(group)) {
      demandOfRole(site, record, 'logs:CreateLogGroup', site.arn('logs', `log-group:${group}`));
      site.logs.createGroup(group);
    }
    demandOfRole(site, record, 'logs:CreateLogStream', site.arn('logs', `log-group:${group}:log-stream:${name}`));
    return site.logs.createStream(group, name);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const text = `failed to create Cloudwatch log stream: ${error.code}: ${error.message}`;
    throw new InitializationError(`failed to validate logger args: create stream has been retried 1 times: ${text}`);
  }
}
