/** The VPC of an account in a region: subnets, security groups, network interfaces. A fresh one has a default of each. */
import type { IpPermission, NetworkInterface, SecurityGroup, Subnet, Tag, Vpc } from '@aws-sdk/client-ec2';
import { AwsError } from '../aws-error.ts';
import { hexId } from '../random-ids.ts';

export interface EniRequest {
  subnetId: string;
  groupIds: string[];
  privateIp: string;
  mac: string;
  publicIp: string | undefined;
  description: string;
}

export class NetworkStore {
  readonly vpc: Vpc & { VpcId: string };
  readonly subnets = new Map<string, Subnet & { AvailableIpAddressCount: number }>();
  readonly groups = new Map<string, SecurityGroup & { GroupId: string }>();
  readonly interfaces = new Map<string, NetworkInterface>();
  readonly tags = new Map<string, Tag[]>();
  private readonly account: string;

  constructor(account: string, region: string) {
    this.account = account;
    this.vpc = { VpcId: `vpc-${hexId(17)}`, CidrBlock: '10.0.0.0/16', State: 'available', IsDefault: true };
    for (const [index, zone] of ['a', 'b'].entries()) this.addSubnet(`${region}${zone}`, `10.0.${index * 16}.0/20`);
    this.addGroup('default', 'default VPC security group', this.vpc.VpcId);
  }

  /** Whether anything that can be tagged has that id. */
  has(id: string): boolean {
    return this.subnets.has(id) || this.groups.has(id) || this.interfaces.has(id) || id === this.vpc.VpcId;
  }

  setTags(id: string, tags: Tag[]): void {
    if (tags.length > 0) this.tags.set(id, tags);
    else this.tags.delete(id);
  }

  addSubnet(zone: string, cidr: string): string {
    const id = `subnet-${hexId(17)}`;
    this.subnets.set(id, {
      SubnetId: id,
      VpcId: this.vpc.VpcId,
      AvailabilityZone: zone,
      AvailabilityZoneId: zone,
      CidrBlock: cidr,
      State: 'available',
      AvailableIpAddressCount: 4091,
      MapPublicIpOnLaunch: true,
      OwnerId: this.account,
    });
    return id;
  }

  addGroup(name: string, description: string, vpcId: string): string {
    const id = `sg-${hexId(17)}`;
    const everything: IpPermission = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    const own: IpPermission = { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: id, UserId: this.account }] };
    this.groups.set(id, {
      GroupId: id,
      GroupName: name,
      Description: description,
      VpcId: vpcId,
      OwnerId: this.account,
      IpPermissions: name === 'default' ? [own] : [],
      IpPermissionsEgress: [everything],
    });
    return id;
  }

  get defaultGroupId(): string {
    const found = [...this.groups.values()].find(({ GroupName }) => GroupName === 'default');
    return found?.GroupId ?? '';
  }

  /** Whether members of the group may talk to each other. */
  isMutual(groupIds: string[]): boolean {
    return groupIds.some((id) =>
      this.groups
        .get(id)
        ?.IpPermissions?.some((rule) =>
          rule.UserIdGroupPairs?.some(({ GroupId }) => GroupId !== undefined && groupIds.includes(GroupId)),
        ),
    );
  }

  /** Throws when the subnet has no address left. */
  takeSubnetAddress(subnetId: string): void {
    const subnet = this.subnets.get(subnetId);
    if (!subnet || subnet.AvailableIpAddressCount < 1) {
      throw new AwsError('InsufficientFreeAddressesInSubnet', 'insufficient free addresses in subnet');
    }
    subnet.AvailableIpAddressCount -= 1;
  }

  addInterface({ subnetId, groupIds, privateIp, mac, publicIp, description }: EniRequest): string {
    const id = `eni-${hexId(17)}`;
    const dnsName = `ip-${privateIp.replaceAll('.', '-')}.ec2.internal`;
    const association = publicIp === undefined ? undefined : { PublicIp: publicIp, IpOwnerId: 'amazon' };
    this.interfaces.set(id, {
      NetworkInterfaceId: id,
      SubnetId: subnetId,
      VpcId: this.vpc.VpcId,
      AvailabilityZone: this.subnets.get(subnetId)?.AvailabilityZone,
      Description: description,
      OwnerId: this.account,
      RequesterManaged: true,
      Status: 'in-use',
      MacAddress: mac,
      PrivateIpAddress: privateIp,
      PrivateDnsName: dnsName,
      Groups: groupIds.map((GroupId) => ({ GroupId, GroupName: this.groups.get(GroupId)?.GroupName })),
      ...(association && { Association: association }),
      PrivateIpAddresses: [
        { Primary: true, PrivateIpAddress: privateIp, ...(association && { Association: association }) },
      ],
      InterfaceType: 'interface',
    });
    return id;
  }

  removeInterface(id: string): void {
    const found = this.interfaces.get(id);
    if (!found) return;
    this.interfaces.delete(id);
    const subnet = this.subnets.get(found.SubnetId ?? '');
    if (subnet) subnet.AvailableIpAddressCount += 1;
  }
}
