/** What Fargate demands of a task definition as a whole. From RegisterTaskDefinition's documentation. */
import type { ContainerDefinition, RegisterTaskDefinitionRequest, Volume } from '@aws-sdk/client-ecs';
import { checkTags } from '../tags.ts';
import { checkContainer } from './container-rules.ts';
import { clientError } from './ecs-store.ts';
import { taskSize } from './fargate-sizes.ts';

const maxContainers = 10;
const maxBytes = 64 * 1024;

/** Throws the ClientException that ECS answers with for the first rule that the definition breaks. */
export function checkDefinition(input: RegisterTaskDefinitionRequest): void {
  const { family = '', containerDefinitions = [], volumes = [], ephemeralStorage } = input;
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(family)) throw clientError('Family contains invalid characters.');
  if (containerDefinitions.length === 0) throw clientError('Container list cannot be empty.');
  if (containerDefinitions.length > maxContainers) throw clientError('Too many containers in the task definition.');
  if (Buffer.byteLength(JSON.stringify(input)) > maxBytes)
    throw clientError('Actual length of the task definition: too long');
  checkTags(input.tags ?? [], 'InvalidParameterException');
  checkFargate(input);
  if (ephemeralStorage && !(Number(ephemeralStorage.sizeInGiB) >= 21 && Number(ephemeralStorage.sizeInGiB) <= 200)) {
    throw clientError('EphemeralStorage size should be between 21 and 200.');
  }
  for (const volume of volumes) checkVolume(volume);
  for (const container of containerDefinitions) checkContainer(container);
  checkTogether(containerDefinitions, volumes);
  checkRole(input);
}

function checkFargate(input: RegisterTaskDefinitionRequest): void {
  if (!input.requiresCompatibilities?.includes('FARGATE')) return;
  if (input.networkMode !== 'awsvpc') throw clientError("Fargate only supports network mode 'awsvpc'.");
  if (!input.cpu) throw clientError("Fargate requires that 'cpu' be defined at the task level.");
  if (!input.memory) throw clientError("Fargate requires that 'memory' be defined at the task level.");
  checkSize(input.cpu, input.memory);
  if (input.placementConstraints?.length) throw clientError('Placement constraints are not supported by Fargate');
  if (input.ipcMode) throw clientError('Fargate does not support ipcMode');
  if (input.pidMode && input.pidMode !== 'task') throw clientError('Fargate only supports pidMode task');
}

/** @returns the size; throws when Fargate does not have it */
export function checkSize(cpu: string, memory: string) {
  const size = taskSize(cpu, memory);
  if (size) return size;
  const values = `given values: ${cpu} CPU, ${memory} memory`;
  throw clientError(
    `No Fargate configuration exists for ${values}. See the Amazon ECS documentation for valid values.`,
  );
}

function checkVolume({ name, host, dockerVolumeConfiguration, efsVolumeConfiguration: efs }: Volume): void {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name ?? '')) throw clientError(`Volume name is invalid: ${name}`);
  if (host?.sourcePath) throw clientError('host.sourcePath should not be set for volumes in Fargate.');
  if (dockerVolumeConfiguration) throw clientError('dockerVolumeConfiguration is not supported by Fargate');
  if (!efs) return;
  const { authorizationConfig: access, transitEncryption, rootDirectory } = efs;
  if ((access?.accessPointId || access?.iam === 'ENABLED') && transitEncryption !== 'ENABLED') {
    throw clientError('EFS transit encryption must be enabled if an access point or IAM is used.');
  }
  if (access?.accessPointId && rootDirectory && rootDirectory !== '/') {
    throw clientError('rootDirectory must be omitted or / with an EFS access point.');
  }
}

function checkTogether(containers: ContainerDefinition[], volumes: Volume[]): void {
  const byName = new Map(containers.map((container) => [container.name ?? '', container]));
  if (byName.size !== containers.length) throw clientError('Container names must be unique.');
  if (containers.every(({ essential }) => essential === false)) {
    throw clientError('A task must have at least one essential container.');
  }
  const volumeNames = new Set(volumes.map(({ name }) => name));
  for (const { mountPoints = [], dependsOn = [], name } of containers) {
    for (const { sourceVolume, containerPath } of mountPoints) {
      if (!volumeNames.has(sourceVolume)) throw clientError(`Unknown volume '${sourceVolume}'.`);
      if (!containerPath) throw clientError('containerPath cannot be empty');
    }
    for (const { containerName = '', condition } of dependsOn)
      checkDependency(name, condition, byName.get(containerName));
  }
  const ports = containers.flatMap(({ portMappings = [] }) => portMappings.map(({ containerPort }) => containerPort));
  if (new Set(ports).size !== ports.length) throw clientError('Containers of a task share their ports.');
  orderOf(containers);
}

function checkDependency(name: string | undefined, condition: string | undefined, on: ContainerDefinition | undefined) {
  if (!on) throw clientError(`Container ${name} depends on a container that is not in the task definition.`);
  if ((condition === 'COMPLETE' || condition === 'SUCCESS') && on.essential !== false) {
    throw clientError(`A container that must reach ${condition} cannot be essential.`);
  }
  if (condition === 'HEALTHY' && !on.healthCheck) throw clientError(`Container ${on.name} has no health check.`);
}

/** Containers in an order in which none comes before what it depends on; throws for a cycle. */
export function orderOf(containers: ContainerDefinition[]): ContainerDefinition[] {
  const ordered: ContainerDefinition[] = [];
  while (ordered.length < containers.length) {
    const done = new Set(ordered.map(({ name }) => name));
    const next = containers.find(
      ({ name, dependsOn = [] }) => !done.has(name) && dependsOn.every(({ containerName }) => done.has(containerName)),
    );
    if (!next) throw clientError('There is a circular dependency between the containers.');
    ordered.push(next);
  }
  return ordered;
}

function checkRole({ containerDefinitions = [], executionRoleArn }: RegisterTaskDefinitionRequest): void {
  if (executionRoleArn) {
    if (!/^arn:aws:iam::\d{12}:role\/.+$/.test(executionRoleArn)) throw clientError('Role is not valid');
    return;
  }
  const needs = 'Fargate requires task definition to have execution role ARN to support';
  for (const { image = '', logConfiguration, secrets = [], repositoryCredentials } of containerDefinitions) {
    if (/\.dkr\.ecr\./.test(image)) throw clientError(`${needs} ECR images.`);
    if (logConfiguration?.logDriver === 'awslogs') throw clientError(`${needs} log driver awslogs.`);
    if (secrets.length > 0) throw clientError(`${needs} secrets.`);
    if (repositoryCredentials) throw clientError(`${needs} private registry authentication.`);
  }
}
