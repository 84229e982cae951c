/** EC2's filters: every one must hold, by any of its values. */
import type { Filter, Tag } from '@aws-sdk/client-ec2';
import { AwsError } from '../aws-error.ts';

/** @param values what a resource has under each filter's name; `tag:<key>` and `tag-key` come from its tags */
export function matches(
  filters: readonly Filter[] = [],
  values: Record<string, readonly (string | undefined)[]>,
  tags: readonly Tag[],
): boolean {
  return filters.every(({ Name = '', Values = [] }) => {
    const actual = Name.startsWith('tag:')
      ? tags.filter(({ Key }) => Key === Name.slice('tag:'.length)).map(({ Value }) => Value)
      : Name === 'tag-key'
        ? tags.map(({ Key }) => Key)
        : values[Name];
    if (!actual) throw new AwsError('InvalidParameterValue', `The filter '${Name}' is invalid`);
    return Values.some((wanted) => actual.some((value) => value !== undefined && like(wanted, value)));
  });
}

function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(text);
}
