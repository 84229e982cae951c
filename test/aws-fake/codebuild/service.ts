/** CodeBuild: projects, and builds whose commands run on this machine against the local Engine. */
import { randomUUID } from 'node:crypto';
import type {
  BatchGetBuildsInput,
  BatchGetBuildsOutput,
  BatchGetProjectsInput,
  BatchGetProjectsOutput,
  Build,
  CreateProjectInput,
  CreateProjectOutput,
  DeleteProjectInput,
  EnvironmentVariable,
  ListBuildsForProjectInput,
  ListBuildsForProjectOutput,
  StartBuildInput,
  StartBuildOutput,
  StopBuildInput,
  StopBuildOutput,
} from '@aws-sdk/client-codebuild';
import { AwsError } from '../aws-error.ts';
import { page } from '../pages.ts';
import type { Call, Service } from '../service.ts';
import type { Site } from '../site.ts';
import { runBuild } from './run-build.ts';

function createProject(input: CreateProjectInput, { site }: Call): CreateProjectOutput {
  const { name = '', ...rest } = input;
  if (site.codebuild.projects.has(name)) {
    throw new AwsError('ResourceAlreadyExistsException', `Project already exists: ${name}`);
  }
  const project = {
    timeoutInMinutes: 60,
    ...rest,
    name,
    arn: site.arn('codebuild', `project/${name}`),
    created: site.now(),
  };
  site.codebuild.projects.set(name, project);
  return { project };
}

function batchGetProjects({ names = [] }: BatchGetProjectsInput, { site }: Call): BatchGetProjectsOutput {
  const projects = names.flatMap((name) => site.codebuild.projects.get(name) ?? []);
  return { projects, projectsNotFound: names.filter((name) => !site.codebuild.projects.has(name)) };
}

function deleteProject({ name = '' }: DeleteProjectInput, { site }: Call): object {
  site.codebuild.projects.delete(name);
  return {};
}

function startBuild(input: StartBuildInput, { site, identity }: Call): StartBuildOutput {
  const { projectName = '', idempotencyToken } = input;
  const project = site.codebuild.projects.get(projectName);
  if (!project) throw new AwsError('ResourceNotFoundException', `Project cannot be found: ${projectName}`);
  const before = idempotencyToken === undefined ? undefined : site.codebuild.tokens.get(idempotencyToken);
  const same = before === undefined ? undefined : site.codebuild.builds.get(before);
  if (same) return { build: structuredClone(same.shown) };
  const { dockerHost } = site.world;
  if (dockerHost === undefined) throw new AwsError('InvalidInputException', 'This fake has no Engine to build on', 400);

  const buildNumber = (site.codebuild.numbers.get(projectName) ?? 0) + 1;
  site.codebuild.numbers.set(projectName, buildNumber);
  const id = `${projectName}:${randomUUID()}`;
  const environment = project.environment;
  const { cloudWatchLogs } = input.logsConfigOverride ?? project.logsConfig ?? {};
  const shown: Build & { id: string } = {
    id,
    arn: site.arn('codebuild', `build/${id}`),
    buildNumber,
    projectName,
    startTime: site.now(),
    currentPhase: 'QUEUED',
    buildStatus: 'IN_PROGRESS',
    buildComplete: false,
    phases: [],
    source: {
      ...project.source,
      type: input.sourceTypeOverride ?? project.source?.type,
      ...(input.sourceLocationOverride && { location: input.sourceLocationOverride }),
      ...(input.buildspecOverride && { buildspec: input.buildspecOverride }),
    },
    environment: {
      type: input.environmentTypeOverride ?? environment?.type,
      image: input.imageOverride ?? environment?.image,
      computeType: input.computeTypeOverride ?? environment?.computeType,
      privilegedMode: input.privilegedModeOverride ?? environment?.privilegedMode ?? false,
      environmentVariables: merged(environment?.environmentVariables, input.environmentVariablesOverride),
    },
    serviceRole: input.serviceRoleOverride ?? project.serviceRole,
    timeoutInMinutes: input.timeoutInMinutesOverride ?? project.timeoutInMinutes,
    initiator: identity.arn.split(':').at(-1),
    logs: {
      groupName: cloudWatchLogs?.groupName ?? `/aws/codebuild/${projectName}`,
      streamName: [cloudWatchLogs?.streamName, id.split(':')[1]].filter(Boolean).join('/'),
    },
  };
  const record = { shown, stop: new AbortController() };
  site.codebuild.builds.set(id, record);
  if (idempotencyToken !== undefined) site.codebuild.tokens.set(idempotencyToken, id);
  const answer = structuredClone(shown);
  runBuild(site, record, dockerHost).catch((error) => site.world.failures.push(error));
  return { build: answer };
}

function merged(own: EnvironmentVariable[] = [], over: EnvironmentVariable[] = []): EnvironmentVariable[] {
  return [...new Map([...own, ...over].map((variable) => [variable.name, variable])).values()];
}

function batchGetBuilds({ ids = [] }: BatchGetBuildsInput, { site }: Call): BatchGetBuildsOutput {
  const builds = ids.flatMap((id) => structuredClone(buildOf(site, id)?.shown) ?? []);
  return { builds, buildsNotFound: ids.filter((id) => !buildOf(site, id)) };
}

function stopBuild({ id = '' }: StopBuildInput, { site }: Call): StopBuildOutput {
  const record = buildOf(site, id);
  if (!record) throw new AwsError('ResourceNotFoundException', `Build cannot be found: ${id}`);
  record.stop.abort();
  return { build: structuredClone(record.shown) };
}

function listBuildsForProject(input: ListBuildsForProjectInput, { site }: Call): ListBuildsForProjectOutput {
  const all = [...site.codebuild.builds.values()].filter(({ shown }) => shown.projectName === input.projectName);
  const ids = all.map(({ shown }) => shown.id).reverse();
  const { items, next } = page(ids, input.nextToken, 100, 'InvalidInputException');
  return { ids: items, ...(next && { nextToken: next }) };
}

/** By id or ARN. */
function buildOf(site: Site, id: string) {
  return site.codebuild.builds.get(id.split(':build/').at(-1) ?? '');
}

export const codeBuild: Service = {
  iamName: 'codebuild',
  signingName: 'codebuild',
  modelName: 'codebuild',
  sdkPackage: '@aws-sdk/client-codebuild',
  invalidCode: () => 'InvalidInputException',
  resource: (_operation, input, site) =>
    input.projectName === undefined ? '*' : site.arn('codebuild', `project/${input.projectName}`),
  handlers: {
    CreateProject: createProject,
    BatchGetProjects: batchGetProjects,
    DeleteProject: deleteProject,
    StartBuild: startBuild,
    BatchGetBuilds: batchGetBuilds,
    StopBuild: stopBuild,
    ListBuildsForProject: listBuildsForProject,
  },
};
