/**
 * `npm run deploy -- [bootstrap|diff|destroy] --stage X [arguments of cdk]`: bundles the functions and hands over to the CDK, which deploys
 * with the credentials and region that the environment describes.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleFunctions } from './bundle.ts';
import { stageNames, takeStage } from './stage-arguments.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const verbs = ['deploy', 'bootstrap', 'diff', 'destroy'];

try {
  const { stage, rest } = takeStage(process.argv.slice(2));
  const verb = verbs.find((each) => each === rest[0]) ?? 'deploy';
  if (stage === null)
    throw new Error(
      `Usage: npm run deploy -- [${verbs.join('|')}] --stage ${stageNames().join('|')} [arguments of cdk]`,
    );
  await bundleFunctions(join(root, 'dist/functions'));
  const which = verb === 'bootstrap' ? [] : ['--all'];
  const own = [
    '--app',
    'node infra/app.ts',
    '--output',
    join('cdk.out', stage),
    '--context',
    `stage=${stage}`,
    '--no-notices',
  ];
  process.exitCode = await cdk([verb, ...which, ...own, ...rest.filter((each) => each !== verb)]);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

/** Ctrl-C reaches it by itself: it is in the terminal's group. */
function cdk(args: string[]): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  const child = spawn('cdk', args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
