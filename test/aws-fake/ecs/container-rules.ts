/** What Fargate demands of one container definition, beyond the model. From RegisterTaskDefinition's documentation. */
import type { ContainerDefinition, LinuxParameters } from '@aws-sdk/client-ecs';
import { clientError } from './ecs-store.ts';

/** Parameters that are not valid for tasks of Fargate or in the awsvpc network mode. */
const absent = [
  'links',
  'extraHosts',
  'dnsServers',
  'dnsSearchDomains',
  'dockerSecurityOptions',
  'disableNetworking',
  'hostname',
] as const satisfies (keyof ContainerDefinition)[];
const absentOfLinux = [
  'devices',
  'tmpfs',
  'sharedMemorySize',
  'maxSwap',
  'swappiness',
] as const satisfies (keyof LinuxParameters)[];
const logDrivers = ['awslogs', 'splunk', 'awsfirelens'];

/** Throws the ClientException that ECS answers with for the first rule that the container breaks. */
export function checkContainer(container: ContainerDefinition): void {
  const { name = '', image = '' } = container;
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw clientError(`Container name is invalid: ${name}`);
  if (image === '') throw clientError(`Container.image should not be null or empty.`);
  for (const key of absent) {
    const value = container[key];
    if (value !== undefined && value !== false && [value].flat().length > 0) throw notOnFargate(key);
  }
  if (container.privileged) throw notOnFargate('privileged');
  if (container.resourceRequirements?.some(({ type }) => type === 'GPU')) throw notOnFargate('GPU');
  checkLinux(container.linuxParameters ?? {});
  checkPorts(container);
  checkLogs(container);
  checkHealth(container);
  checkEnvironment(container);
  const { stopTimeout = 30, restartPolicy } = container;
  if (stopTimeout < 0 || stopTimeout > 120) {
    throw clientError(
      `Invalid value for container stop timeout: ${stopTimeout}. It must be between 0 and 120 seconds.`,
    );
  }
  if (restartPolicy) {
    inRange('restartAttemptPeriod', restartPolicy.restartAttemptPeriod ?? 300, 60, 1800);
    inRange('ignoredExitCodes length', restartPolicy.ignoredExitCodes?.length ?? 0, 0, 50);
  }
  if (container.memory !== undefined && container.memory < 4) throw clientError('Invalid memory: less than 4 MiB');
  if (/^\d+/.test(container.user ?? '') && Number.parseInt(container.user ?? '', 10) < 0) {
    throw clientError('Invalid user');
  }
}

function checkLinux(linux: LinuxParameters): void {
  for (const key of absentOfLinux) {
    const value = linux[key];
    if (value !== undefined && [value].flat().length > 0) throw notOnFargate(key);
  }
  const added = linux.capabilities?.add ?? [];
  if (added.some((capability) => capability !== 'SYS_PTRACE')) throw notOnFargate(`adding capability ${added}`);
}

function checkPorts({ portMappings = [] }: ContainerDefinition): void {
  const seen = new Set<string>();
  for (const { containerPort, hostPort, protocol = 'tcp' } of portMappings) {
    if (containerPort === undefined) continue;
    inRange('containerPort', containerPort, 1, 65_535);
    if (hostPort !== undefined && hostPort !== containerPort) {
      throw clientError('When networkMode=awsvpc, the host ports and container ports in port mappings must match.');
    }
    if (seen.has(`${containerPort}/${protocol}`)) throw clientError(`Duplicate port mapping ${containerPort}`);
    seen.add(`${containerPort}/${protocol}`);
  }
}

function checkLogs({ logConfiguration }: ContainerDefinition): void {
  if (!logConfiguration) return;
  const { logDriver = '', options = {} } = logConfiguration;
  if (!logDrivers.includes(logDriver)) throw clientError(`Log driver ${logDriver} is not supported by Fargate`);
  if (logDriver !== 'awslogs') return;
  for (const key of ['awslogs-group', 'awslogs-region', 'awslogs-stream-prefix']) {
    if (!options[key]) throw clientError(`Log driver awslogs requires options: ${key}`);
  }
  const { mode } = options;
  if (mode !== undefined && mode !== 'blocking' && mode !== 'non-blocking') {
    throw clientError(`Invalid log option mode: ${mode}`);
  }
}

function checkHealth({ healthCheck }: ContainerDefinition): void {
  if (!healthCheck) return;
  if (!['CMD', 'CMD-SHELL', 'NONE'].includes(healthCheck.command?.[0] ?? '')) {
    throw clientError('Health check command must start with CMD or CMD-SHELL');
  }
  inRange('interval', healthCheck.interval ?? 30, 5, 300);
  inRange('timeout', healthCheck.timeout ?? 5, 2, 60);
  inRange('retries', healthCheck.retries ?? 3, 1, 10);
  inRange('startPeriod', healthCheck.startPeriod ?? 0, 0, 300);
}

function checkEnvironment({ environment = [], secrets = [] }: ContainerDefinition): void {
  const names = new Set(environment.map(({ name }) => name));
  for (const { name, valueFrom } of secrets) {
    if (!valueFrom) throw clientError(`The secret ${name} has no valueFrom`);
    if (names.has(name)) {
      const others = 'any new or existing environment variables set on the container';
      throw clientError(`The secret name must be unique and not shared with ${others}, such as '${name}'.`);
    }
    names.add(name);
  }
}

function inRange(name: string, value: number, from: number, to: number): void {
  if (value < from || value > to) throw clientError(`Invalid ${name} ${value}: it must be between ${from} and ${to}.`);
}

function notOnFargate(what: string) {
  return clientError(`The following parameter is not supported when using the FARGATE launch type: ${what}`);
}
