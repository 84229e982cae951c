/** Networks: security groups whose members reach each other and nobody else's. */
import { AppError } from '../../domain/errors.ts';
import { reasonOf } from '../../domain/features.ts';
import type { Provider } from '../provider.ts';
import { removeNames } from './names.ts';
import { deleteGroup, ensureGroup } from './security-groups.ts';
import type { Site } from './site.ts';

export function networksOf(site: Site): Provider['networks'] {
  return {
    ensure: async ({ key, tenantId, internal, ipam }, options) => {
      if (ipam) {
        throw new AppError('unsupported', `ipam: ${reasonOf('aws', 'network create --subnet')}`);
      }
      if (internal) {
        throw new AppError('unsupported', `internal: ${reasonOf('aws', 'network create --internal')}`);
      }
      const among = (groupId: string) => [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: groupId }] }];
      await ensureGroup(site, { name: key, tenantId, key }, among, options);
    },
    remove: async ({ key }, options) => {
      await deleteGroup(site, key, options);
      await removeNames(site, key, options);
    },
  };
}
