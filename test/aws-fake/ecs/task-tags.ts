/** Tags of clusters, task definitions and tasks, by ARN. */
import type {
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  Tag,
  TagResourceRequest,
  TagResourceResponse,
  UntagResourceRequest,
  UntagResourceResponse,
} from '@aws-sdk/client-ecs';
import type { Call } from '../service.ts';
import type { Site } from '../site.ts';
import { checkTags, mergeTags } from '../tags.ts';
import { invalidParameter } from './ecs-store.ts';

export function tagResource({ resourceArn = '', tags = [] }: TagResourceRequest, { site }: Call): TagResourceResponse {
  const holder = holderOf(site, resourceArn);
  const merged = mergeTags(holder.tags ?? [], tags);
  checkTags(merged, 'InvalidParameterException');
  holder.tags = merged;
  return {};
}

export function untagResource(
  { resourceArn = '', tagKeys = [] }: UntagResourceRequest,
  { site }: Call,
): UntagResourceResponse {
  const holder = holderOf(site, resourceArn);
  holder.tags = (holder.tags ?? []).filter(({ key }) => !tagKeys.includes(key ?? ''));
  return {};
}

export function listTagsForResource(
  { resourceArn = '' }: ListTagsForResourceRequest,
  { site }: Call,
): ListTagsForResourceResponse {
  return { tags: holderOf(site, resourceArn).tags ?? [] };
}

function holderOf({ ecs }: Site, arn: string): { tags?: Tag[] | undefined } {
  const [kind, ...path] = (arn.split(':').slice(5).join(':') ?? '').split('/');
  const found =
    kind === 'cluster'
      ? ecs.clusters.get(path[0] ?? '')
      : kind === 'task-definition'
        ? ecs.definition(arn)
        : ecs.tasks.get(path.at(-1) ?? '');
  if (!found) throw invalidParameter('The specified resource ARN could not be found.');
  return found;
}
