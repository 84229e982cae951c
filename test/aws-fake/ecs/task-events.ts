/** The "ECS Task State Change" event of a task: as DescribeTasks shows it, with EventBridge's differences. */
import type { Site } from '../site.ts';
import type { TaskRecord } from './ecs-store.ts';

/** Dates are ISO texts in events, attachments of type `eni`, and there are no tags. */
export function publishTaskChange(site: Site, { task }: TaskRecord): void {
  const { tags: _tags, attachments = [], ...rest } = task;
  const detail = JSON.parse(JSON.stringify({ ...rest, updatedAt: site.now() }));
  detail.attachments = attachments.map(({ type, ...attachment }) => ({
    ...attachment,
    type: type === 'ElasticNetworkInterface' ? 'eni' : type,
  }));
  site.world.events.publish({
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    account: site.account,
    region: site.region,
    resources: [task.taskArn],
    detail,
  });
}
