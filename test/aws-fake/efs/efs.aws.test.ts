/** EFS: access points of a file system, in its REST protocol. */
import {
  CreateAccessPointCommand,
  CreateFileSystemCommand,
  DeleteAccessPointCommand,
  DescribeAccessPointsCommand,
  DescribeFileSystemsCommand,
  EFSClient,
  ListTagsForResourceCommand,
  TagResourceCommand,
} from '@aws-sdk/client-efs';
import { expect, test } from 'vitest';
import { manualClock } from '../clock.ts';
import { realHabits } from '../habits.ts';
import { startAwsFake } from '../server.ts';

test('an access point is there after a while, once for its token, until it is deleted', async () => {
  const clock = manualClock();
  const fake = await startAwsFake({ clock, habits: realHabits() });
  const credentials = fake.addUser();
  const client = new EFSClient({ region: 'eu-west-1', endpoint: fake.url, credentials, maxAttempts: 1 });
  const { FileSystemId } = await client.send(new CreateFileSystemCommand({ CreationToken: 'one' }));
  expect((await client.send(new DescribeFileSystemsCommand({ FileSystemId }))).FileSystems).toMatchObject([
    { FileSystemId, LifeCycleState: 'available' },
  ]);
  const input = {
    ClientToken: 'volume-1',
    FileSystemId,
    PosixUser: { Uid: 1000, Gid: 1000 },
    RootDirectory: { Path: '/t/a', CreationInfo: { OwnerUid: 1000, OwnerGid: 1000, Permissions: '0755' } },
    Tags: [{ Key: 'tenant', Value: 'a' }],
  };
  const { AccessPointId, LifeCycleState } = await client.send(new CreateAccessPointCommand(input));
  expect(LifeCycleState).toBe('creating');
  await expect(client.send(new CreateAccessPointCommand(input))).rejects.toMatchObject({
    name: 'AccessPointAlreadyExists',
    AccessPointId,
  });
  await clock.advance(10_000);
  const { AccessPoints } = await client.send(new DescribeAccessPointsCommand({ FileSystemId }));
  expect(AccessPoints).toMatchObject([{ AccessPointId, LifeCycleState: 'available', RootDirectory: { Path: '/t/a' } }]);
  await client.send(new TagResourceCommand({ ResourceId: AccessPointId, Tags: [{ Key: 'more', Value: 'x' }] }));
  const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceId: AccessPointId }));
  expect(Tags).toEqual([...input.Tags, { Key: 'more', Value: 'x' }]);
  await client.send(new DeleteAccessPointCommand({ AccessPointId }));
  await expect(client.send(new DeleteAccessPointCommand({ AccessPointId }))).rejects.toMatchObject({
    name: 'AccessPointNotFound',
  });
  await fake.close();
  expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
});
