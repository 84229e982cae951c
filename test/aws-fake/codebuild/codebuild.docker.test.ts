/** CodeBuild: a context from S3 becomes an image in ECR by the commands of a buildspec, on the local Engine. */
import {
  BatchGetBuildsCommand,
  CodeBuildClient,
  CreateProjectCommand,
  StartBuildCommand,
  type StartBuildCommandInput,
  StopBuildCommand,
} from '@aws-sdk/client-codebuild';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { busyboxImage } from '../../support/base-images.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type EngineBench, startEngineBench } from '../runtime/engine-bench.ts';

const projectName = 'images';
let bench: EngineBench;
let client: CodeBuildClient;

beforeAll(async () => {
  bench = await startEngineBench();
  client = new CodeBuildClient(bench.settings);
  const s3 = new S3Client(bench.settings);
  await s3.send(new CreateBucketCommand({ Bucket: 'contexts' }));
  const files = { Dockerfile: `FROM ${busyboxImage}\nCOPY hello /hello\nCMD ["cat", "/hello"]\n`, hello: 'built\n' };
  for (const [name, Body] of Object.entries(files)) {
    await s3.send(new PutObjectCommand({ Bucket: 'contexts', Key: `a/${name}`, Body }));
  }
  await client.send(
    new CreateProjectCommand({
      name: projectName,
      serviceRole: 'arn:aws:iam::111122223333:role/build',
      source: { type: 'S3', location: 'contexts/a/' },
      artifacts: { type: 'NO_ARTIFACTS' },
      environment: {
        type: 'LINUX_CONTAINER',
        image: 'aws/codebuild/standard:7.0',
        computeType: 'BUILD_GENERAL1_SMALL',
        privilegedMode: true,
      },
    }),
  );
});
afterAll(async () => {
  const { failures, violations } = bench.fake;
  await bench.fake.close();
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

const start = async (buildspecOverride: string, more: Partial<StartBuildCommandInput> = {}) => {
  const { build } = await client.send(new StartBuildCommand({ projectName, buildspecOverride, ...more }));
  return build?.id ?? '';
};
const end = (id: string) =>
  waitFor(
    async () => {
      const { builds: [build] = [] } = await client.send(new BatchGetBuildsCommand({ ids: [id] }));
      return build?.buildComplete && build;
    },
    { timeoutMs: 60_000 },
  );
const linesOf = (groupName = '', streamName = '') =>
  bench.site.logs.stream(groupName, streamName).events.map(({ message }) => message.trim());

test('a context is built and pushed, and its image runs as a task', async () => {
  const { host } = await bench.login();
  const buildspec = `version: 0.2
phases:
  pre_build:
    commands:
      - aws ecr get-login-password --region $AWS_REGION | docker login --username AWS --password-stdin ${host}
  build:
    commands:
      - docker build -t $REPOSITORY:$TAG .
  post_build:
    commands:
      - docker push $REPOSITORY:$TAG
      - docker rmi $REPOSITORY:$TAG
`;
  const environmentVariablesOverride = [
    { name: 'REPOSITORY', value: `${host}/a/busybox`, type: 'PLAINTEXT' as const },
    { name: 'TAG', value: 'built', type: 'PLAINTEXT' as const },
  ];
  const build = await end(await start(buildspec, { environmentVariablesOverride }));
  const lines = linesOf(build.logs?.groupName, build.logs?.streamName);
  expect({ status: build.buildStatus, lines }).toMatchObject({ status: 'SUCCEEDED' });
  expect(build.phases?.map(({ phaseType }) => phaseType)).toEqual([
    'DOWNLOAD_SOURCE',
    'PRE_BUILD',
    'BUILD',
    'POST_BUILD',
  ]);
  expect(lines).toContainEqual(expect.stringMatching(/^Successfully built/));
  const taskArn = await bench.run(await bench.register({ image: bench.image.replace(':1', ':built') }));
  await bench.reach(taskArn, 'STOPPED');
  expect(await bench.lines(taskArn)).toEqual(['built']);
});

test('a command that fails fails the build, which still has its last phase', async () => {
  const phases = { build: { commands: ['echo one', 'exit 3', 'echo two'] }, post_build: { commands: ['echo last'] } };
  const build = await end(await start(JSON.stringify({ version: 0.2, phases })));
  expect(build.buildStatus).toBe('FAILED');
  const lines = linesOf(build.logs?.groupName, build.logs?.streamName);
  expect(lines).toContain('last');
  expect(lines).not.toContain('two');
});

test('a build can be stopped, and a strange buildspec is told so', async () => {
  const id = await start(JSON.stringify({ version: 0.2, phases: { build: { commands: ['sleep 60'] } } }));
  await waitFor(() => linesOf(`/aws/codebuild/${projectName}`, id.split(':')[1]).length > 0);
  await client.send(new StopBuildCommand({ id }));
  expect((await end(id)).buildStatus).toBe('STOPPED');
  const strange = await end(await start('version: 7\n'));
  expect(strange.buildStatus).toBe('FAILED');
  expect(linesOf(strange.logs?.groupName, strange.logs?.streamName).join()).toContain('YAML_FILE_ERROR');
});
