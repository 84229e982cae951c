/** Tasks whose containers commands are run in. */
import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import type { ExecTarget } from '../../../../src/providers/aws/exec/exec.ts';
import type { EngineBench } from '../../../aws-fake/runtime/engine-bench.ts';

/** Of a task that runs. It ends at once when it is stopped. */
export async function startTarget(bench: EngineBench, container: Partial<ContainerDefinition>): Promise<ExecTarget> {
  const definition = await bench.register({ stopTimeout: 0, ...container });
  const taskArn = await bench.run(definition, { enableExecuteCommand: true });
  await bench.reach(taskArn, 'RUNNING');
  return { cluster: 'default', taskArn, container: 'main', tenantId: 'ann', user: container.user ?? '', workdir: '' };
}
