/** Carries a build through its phases, with its lines in CloudWatch Logs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Build, BuildPhaseType, EnvironmentVariable, StatusType } from '@aws-sdk/client-codebuild';
import { AwsError } from '../aws-error.ts';
import type { Site } from '../site.ts';
import type { BuildRecord } from './build-store.ts';
import { type Buildspec, readBuildspec } from './buildspec.ts';
import { type BuildMachine, openMachine } from './machine.ts';

const phaseTypes = { install: 'INSTALL', pre_build: 'PRE_BUILD', build: 'BUILD', post_build: 'POST_BUILD' } as const;

export async function runBuild(site: Site, record: BuildRecord, dockerHost: string): Promise<void> {
  const { shown, stop } = record;
  const logs = shown.logs ?? {};
  if (!site.logs.groups.has(logs.groupName ?? '')) site.logs.createGroup(logs.groupName ?? '');
  const stream = site.logs.createStream(logs.groupName ?? '', logs.streamName ?? '');
  const identity = { role: shown.serviceRole ?? '', session: `AWSCodeBuild-${shown.id.split(':')[1]}` };
  const machine = openMachine({
    dockerHost,
    ecrPassword: () => {
      const policies = site.world.identities.policiesOfRole(identity.role);
      const session = site.world.identities.openSession(identity.role, identity.session, 3600, policies);
      return site.world.logins.issue(site.account, site.region, session).password;
    },
    onLine: (line) => site.logs.append(stream, `${line}\n`),
  });
  let status: StatusType = 'SUCCEEDED';
  try {
    const env = environmentOf(site, shown);
    await phase(site, shown, 'DOWNLOAD_SOURCE', async () => {
      download(site, shown, machine);
      return true;
    });
    const spec = buildspecOf(shown, machine);
    status = await runPhases(site, record, machine, spec, env);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    site.logs.append(stream, `[Container] ${error.code}: ${error.message}\n`);
    status = 'FAILED';
  } finally {
    machine.close();
    finish(site, shown, stop.signal.aborted ? 'STOPPED' : status);
  }
}

async function runPhases(
  site: Site,
  { shown, stop }: BuildRecord,
  machine: BuildMachine,
  spec: Buildspec,
  env: Record<string, string>,
): Promise<StatusType> {
  let succeeded = true;
  for (const { name, commands, finallyCommands } of spec.phases) {
    // A failed build still has its post_build; what failed before it ends at once.
    if (!succeeded && name !== 'post_build') break;
    const variables = { ...spec.variables, ...env, CODEBUILD_BUILD_SUCCEEDING: succeeded ? '1' : '0' };
    const done = await phase(site, shown, phaseTypes[name], async () => {
      const ran = await machine.run(commands, variables, stop.signal);
      return (await machine.run(finallyCommands, variables, stop.signal)) && ran;
    });
    if (!done && (name === 'install' || name === 'pre_build')) return 'FAILED';
    succeeded &&= done;
  }
  return succeeded ? 'SUCCEEDED' : 'FAILED';
}

async function phase(site: Site, shown: Build, phaseType: BuildPhaseType, work: () => Promise<boolean>) {
  const startTime = site.now();
  shown.currentPhase = phaseType;
  let done = false;
  try {
    done = await work();
    return done;
  } finally {
    const endTime = site.now();
    const durationInSeconds = Math.round((endTime.getTime() - startTime.getTime()) / 1000);
    const phaseStatus: StatusType = done ? 'SUCCEEDED' : 'FAILED';
    shown.phases = [...(shown.phases ?? []), { phaseType, phaseStatus, startTime, endTime, durationInSeconds }];
  }
}

function finish(site: Site, shown: Build, status: StatusType): void {
  Object.assign(shown, { buildStatus: status, currentPhase: 'COMPLETED', buildComplete: true, endTime: site.now() });
  site.world.events.publish({
    'detail-type': 'CodeBuild Build State Change',
    source: 'aws.codebuild',
    account: site.account,
    region: site.region,
    resources: [shown.arn ?? ''],
    detail: { 'build-status': status, 'project-name': shown.projectName, 'build-id': shown.arn },
  });
}

/** A ZIP archive, or every object below a prefix that ends in a slash. */
function download(site: Site, { source }: Build, machine: BuildMachine): void {
  if (source?.type === 'NO_SOURCE') return;
  const location = (source?.location ?? '').replace(/^arn:aws:s3:::/, '');
  const bucket = site.buckets.bucket(location.split('/')[0] ?? '');
  const key = location.slice(bucket.name.length + 1);
  if (key === '' || key.endsWith('/')) {
    for (const object of bucket.objects.values()) {
      if (!object.key.startsWith(key)) continue;
      const path = join(machine.source, object.key.slice(key.length));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, object.bytes);
    }
    return;
  }
  const object = bucket.objects.get(key);
  if (!object) throw new AwsError('CLIENT_ERROR', `NoSuchKey: The specified key does not exist: ${key}`);
  const archive = `${machine.source}.zip`;
  writeFileSync(archive, object.bytes);
  try {
    execFileSync('python3', ['-m', 'zipfile', '-e', archive, machine.source], { stdio: 'pipe' });
  } catch (error) {
    throw new AwsError('CLIENT_ERROR', `The source is no ZIP archive: ${error}`);
  }
}

function buildspecOf({ source }: Build, machine: BuildMachine): Buildspec {
  const given = source?.buildspec;
  if (given?.includes('\n') || given?.startsWith('{')) return readBuildspec(given);
  try {
    return readBuildspec(readFileSync(join(machine.source, given ?? 'buildspec.yml'), 'utf8'));
  } catch (error) {
    if (error instanceof AwsError) throw error;
    throw new AwsError('YAML_FILE_ERROR', `stat ${given ?? 'buildspec.yml'}: no such file or directory`);
  }
}

function environmentOf(site: Site, { environment, id = '', arn = '' }: Build): Record<string, string> {
  const variables = (environment?.environmentVariables ?? []).map((variable) => [
    variable.name,
    variableOf(site, variable),
  ]);
  const own = { AWS_REGION: site.region, AWS_DEFAULT_REGION: site.region, AWS_ACCOUNT_ID: site.account };
  return { ...own, CODEBUILD_BUILD_ID: id, CODEBUILD_BUILD_ARN: arn, ...Object.fromEntries(variables) };
}

function variableOf(site: Site, { type, value = '' }: EnvironmentVariable): string {
  if (type === undefined || type === 'PLAINTEXT') return value;
  if (type !== 'SECRETS_MANAGER') throw new AwsError('CLIENT_ERROR', `The fake has no variables of type ${type}`);
  const [name = '', key, stage, version] = value.startsWith('arn:') ? [value] : value.split(':');
  const arn = site.secrets.find(name).arn;
  return site.secrets.valueFrom([arn, key ?? '', stage ?? '', version ?? ''].join(':'));
}
