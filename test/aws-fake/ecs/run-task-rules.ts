/** What RunTask demands beyond the model, from its documentation and the Fargate guide. */
import type { RunTaskRequest, TaskDefinition } from '@aws-sdk/client-ecs';
import { AwsError } from '../aws-error.ts';
import type { Site } from '../site.ts';
import { checkTags } from '../tags.ts';
import { checkSize } from './definition-rules.ts';
import { invalidParameter } from './ecs-store.ts';

const maxOverrideCharacters = 8192;

export interface Placement {
  spot: boolean;
  capacityProvider: string | undefined;
  subnets: string[];
  securityGroups: string[];
  publicIp: boolean;
}

/** Throws what ECS answers for the first rule that the request breaks; returns where the tasks go. */
export function checkRunTask(input: RunTaskRequest, definition: TaskDefinition, site: Site): Placement {
  const { count = 1, startedBy = '', clientToken, propagateTags, tags = [], group = '' } = input;
  if (count < 1 || count > 10) throw invalidParameter('count must be between 1 and 10.');
  if (!/^[A-Za-z0-9_/-]{0,128}$/.test(startedBy)) {
    throw invalidParameter('startedBy must be up to 128 letters, numbers, hyphens, slashes and underscores.');
  }
  if (clientToken !== undefined && !/^[\x21-\x7e]{1,64}$/.test(clientToken)) {
    throw invalidParameter('clientToken must be up to 64 characters of ASCII 33 to 126.');
  }
  if (propagateTags === 'SERVICE') throw invalidParameter('propagateTags of SERVICE is not supported for RunTask.');
  if (group.startsWith('service:')) throw invalidParameter('group: service: is reserved.');
  checkTags(tags, 'InvalidParameterException');
  refuseUnknown(input, definition);
  checkOverrides(input, definition);
  const capacity = checkCapacity(input, definition, site);
  return { ...capacity, ...checkNetwork(input, site) };
}

/** Valid on AWS, and not in the fake: better refused than dropped. */
function refuseUnknown({ volumeConfigurations, overrides }: RunTaskRequest, definition: TaskDefinition): void {
  const containers = [...(definition.containerDefinitions ?? []), ...(overrides?.containerOverrides ?? [])];
  const what = volumeConfigurations?.length
    ? 'volumeConfigurations'
    : containers.some(({ environmentFiles }) => environmentFiles?.length)
      ? 'environmentFiles'
      : definition.containerDefinitions?.some(({ firelensConfiguration }) => firelensConfiguration)
        ? 'firelensConfiguration'
        : undefined;
  if (what) throw new AwsError('UnsupportedFeatureException', `The fake does not have ${what}`);
}

function checkOverrides({ overrides = {}, enableExecuteCommand }: RunTaskRequest, definition: TaskDefinition): void {
  if (JSON.stringify(overrides).length > maxOverrideCharacters) {
    throw invalidParameter(`Container Overrides length must be at most ${maxOverrideCharacters}`);
  }
  const names = new Set(definition.containerDefinitions?.map(({ name }) => name));
  for (const { name } of overrides.containerOverrides ?? []) {
    if (!names.has(name)) {
      throw invalidParameter(`Override for container named ${name} is not a container in the TaskDefinition.`);
    }
  }
  checkSize(overrides.cpu ?? definition.cpu ?? '', overrides.memory ?? definition.memory ?? '');
  const storage = overrides.ephemeralStorage?.sizeInGiB;
  if (storage !== undefined && (storage < 21 || storage > 200)) {
    throw invalidParameter('EphemeralStorage size should be between 21 and 200.');
  }
  if (!enableExecuteCommand) return;
  if (!(overrides.taskRoleArn ?? definition.taskRoleArn)) {
    throw invalidParameter('The task definition must have a task role, or an override of it, to enable ECS Exec.');
  }
  if (definition.pidMode === 'task' && definition.containerDefinitions?.length !== 1) {
    throw invalidParameter('ECS Exec with pidMode task needs a task of one container.');
  }
}

function checkCapacity(input: RunTaskRequest, definition: TaskDefinition, site: Site) {
  const cluster = site.ecs.cluster(input.cluster);
  if (input.launchType && input.capacityProviderStrategy?.length) {
    const text = 'Specifying both a launch type and capacity provider strategy is not supported.';
    throw invalidParameter(`${text} Remove one and try again.`);
  }
  const strategy = input.capacityProviderStrategy?.length
    ? input.capacityProviderStrategy
    : input.launchType
      ? []
      : (cluster.defaultCapacityProviderStrategy ?? []);
  for (const { capacityProvider } of strategy) {
    if (!cluster.capacityProviders?.includes(capacityProvider ?? '')) {
      const text = 'cannot contain a capacity provider that is not associated with the cluster.';
      throw invalidParameter(`The specified capacity provider strategy ${text}`);
    }
  }
  if (strategy.length === 0 && input.launchType !== 'FARGATE') {
    throw invalidParameter('No Container Instances were found in your cluster.');
  }
  if (!definition.requiresCompatibilities?.includes('FARGATE')) {
    throw invalidParameter('Task definition does not support launch_type FARGATE.');
  }
  const { platformVersion = 'LATEST' } = input;
  if (!['LATEST', '1.4.0', '1.3.0'].includes(platformVersion)) {
    throw invalidParameter('The specified platform does not exist.');
  }
  const best = [...strategy].sort((a, b) => (b.weight ?? 0) - (a.weight ?? 0)).at(0)?.capacityProvider;
  return { spot: best === 'FARGATE_SPOT', capacityProvider: best };
}

function checkNetwork({ networkConfiguration }: RunTaskRequest, { ec2 }: Site) {
  const network = networkConfiguration?.awsvpcConfiguration;
  if (!network) {
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  const { subnets = [], securityGroups = [], assignPublicIp = 'DISABLED' } = network;
  if (subnets.length < 1 || subnets.length > 16) throw invalidParameter('subnets can have between 1 and 16 items.');
  if (securityGroups.length > 5) throw invalidParameter('securityGroups can have at most 5 items.');
  const strangeSubnet = subnets.find((id) => !ec2.subnets.has(id));
  if (strangeSubnet) throw invalidParameter(`Error retrieving subnet information for [${strangeSubnet}]`);
  const strangeGroup = securityGroups.find((id) => !ec2.groups.has(id));
  if (strangeGroup) throw invalidParameter(`Error retrieving security group information for [${strangeGroup}]`);
  return {
    subnets,
    securityGroups: securityGroups.length > 0 ? securityGroups : [ec2.defaultGroupId],
    publicIp: assignPublicIp === 'ENABLED',
  };
}
