/**
 * `npm run deploy -- [bootstrap|diff|destroy] --stage X [--stack PART] [arguments of cdk]`: bundles the functions and hands over to the CDK,
 * which deploys with the credentials and region that the environment describes. All stacks, or the one of that part alone.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleFunctions } from './bundle.ts';
import { stageNames, takeOption, takeStage } from './stage-arguments.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const verbs = ['deploy', 'bootstrap', 'diff', 'destroy'];
/** As infra/constructs/longshore.ts calls them. */
const parts = new Map(
  Object.entries({ network: 'Network', data: 'Data', tenants: 'Tenants', 'control-plane': 'ControlPlane' }),
);

try {
  const { stage, rest: given } = takeStage(process.argv.slice(2));
  const { value: part, rest } = takeOption('--stack', given);
  const verb = verbs.find((each) => each === rest[0]) ?? 'deploy';
  if (stage === null)
    throw new Error(
      `Usage: npm run deploy -- [${verbs.join('|')}] --stage ${stageNames().join('|')} [--stack PART] [arguments of cdk]`,
    );
  if (part !== null && !parts.has(part)) throw new Error(`--stack is one of ${[...parts.keys()].join(', ')}`);
  await bundleFunctions(join(root, 'dist/functions'));
  const named = part === null ? ['--all'] : [`Longshore/${parts.get(part)}`, '--exclusively'];
  const which = verb === 'bootstrap' ? [] : named;
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
