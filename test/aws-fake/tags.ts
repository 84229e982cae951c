/** What all services demand of tags. */
import { AwsError } from './aws-error.ts';

const maxTags = 50;

/** @param code of the error that the service answers with */
export function checkTags(tags: readonly { key?: string | undefined }[], code: string): void {
  if (tags.length > maxTags) throw new AwsError(code, `Tags can have at most ${maxTags} entries`);
  const keys = tags.map((tag) => tag.key ?? '');
  if (new Set(keys).size !== keys.length) throw new AwsError(code, 'Duplicate tag keys found.');
  if (keys.some((key) => /^aws:/i.test(key))) throw new AwsError(code, 'Tag keys must not start with aws:');
}

/** The tags with new ones over them. */
export function mergeTags<T extends { key?: string | undefined }>(old: readonly T[], added: readonly T[]): T[] {
  return [...new Map([...old, ...added].map((tag) => [tag.key, tag])).values()];
}
