/** The elastic network interface of a task, and the attachment that shows it. */
import { AwsError } from '../aws-error.ts';
import { hexId } from '../random-ids.ts';
import type { TaskAddress } from '../runtime/runtime.ts';
import type { Site } from '../site.ts';
import type { TaskRecord } from './ecs-store.ts';
import type { Placement } from './run-task-rules.ts';

/** The address of each task that has one. */
const addresses = new WeakMap<TaskRecord, TaskAddress>();

/** Takes an address of a subnet that has one; throws with AWS's words when none is left. */
export async function attachInterface(site: Site, record: TaskRecord, placement: Placement): Promise<TaskAddress> {
  const isFree = (id: string) => (site.ec2.subnets.get(id)?.AvailableIpAddressCount ?? 0) > 0;
  const subnetId = placement.subnets.find(isFree) ?? placement.subnets[0] ?? '';
  try {
    site.ec2.takeSubnetAddress(subnetId);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const what = 'Unexpected EC2 error while attempting to Create Network Interface with public IP assignment disabled';
    throw new AwsError(error.code, `${what} in subnet '${subnetId}': ${error.code}`);
  }
  // Groups that only let in from outside keep nobody from the members of the others.
  const among = placement.securityGroups.filter((group) => site.ec2.isMutual([group]));
  const groups = among.length > 0 ? among : placement.securityGroups;
  const key = `${site.account}-${site.region}-${[...groups].sort().join('-')}`;
  const address = await site.world.runtime.takeAddress({
    key,
    mutual: site.ec2.isMutual(placement.securityGroups),
    lookUp: (name) => site.names.lookUp(name),
  });
  addresses.set(record, address);
  const attachmentId = record.task.attachments?.[0]?.id ?? hexId(32);
  const networkInterfaceId = site.ec2.addInterface({
    subnetId,
    groupIds: placement.securityGroups,
    privateIp: address.privateIp,
    mac: address.mac,
    // The Engine's addresses are all reachable from this machine, so that it can serve as the public one too.
    publicIp: placement.publicIp ? address.privateIp : undefined,
    description: `arn:aws:ecs:${site.region}:${site.account}:attachment/${attachmentId}`,
  });
  record.task.availabilityZone = site.ec2.subnets.get(subnetId)?.AvailabilityZone;
  const details = { subnetId, networkInterfaceId, macAddress: address.mac, privateIPv4Address: address.privateIp };
  record.task.attachments = [
    {
      id: attachmentId,
      type: 'ElasticNetworkInterface',
      status: 'ATTACHED',
      details: Object.entries(details).map(([name, value]) => ({ name, value })),
    },
  ];
  for (const container of record.task.containers) {
    container.networkInterfaces = [{ attachmentId, privateIpv4Address: address.privateIp }];
  }
  return address;
}

export async function detachInterface(site: Site, record: TaskRecord): Promise<void> {
  const address = addresses.get(record);
  const [attachment] = record.task.attachments ?? [];
  if (attachment) attachment.status = 'DELETED';
  if (!address) return;
  addresses.delete(record);
  const id = attachment?.details?.find(({ name }) => name === 'networkInterfaceId')?.value;
  if (id) site.ec2.removeInterface(id);
  await site.world.runtime.releaseAddress(address);
}
