/** Networks as Docker shows them. Pure. */
import type { ShownContainer } from '../../domain/container.ts';
import type { Attachment, Network } from '../../domain/network.ts';
import { DEFAULT_NETWORK } from '../../domain/network.ts';

/** A tenant's default network is Docker's `bridge`. */
export const networkNameOf = ({ name, isDefault }: Pick<Attachment, 'name' | 'isDefault'>): string =>
  isDefault ? 'bridge' : name;

/** What a client's name of a network is called here. */
export const ownNetworkName = (reference: string): string => (reference === 'bridge' ? DEFAULT_NETWORK : reference);

/** @param among the containers that may be on it; those with an address are shown, and tell what its addresses are */
export function toNetwork(network: Network, among: ShownContainer[]) {
  const members = among.flatMap(({ id, name, run }) => {
    const endpoint = run.networks?.[network.providerKey];
    return endpoint?.address ? [{ id, name, ...endpoint }] : [];
  });
  const seen = members[0];
  const found = seen?.address && seen.prefixLength ? subnetOf(seen.address, seen.prefixLength) : null;
  const subnet = network.ipam?.subnet ?? found;
  const gateway = network.ipam?.gateway ?? seen?.gateway;
  return {
    Name: networkNameOf(network),
    Id: network.id,
    Created: network.createdAt.toISOString(),
    Scope: 'local',
    Driver: 'bridge',
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: subnet ? [{ Subnet: subnet, ...(gateway && { Gateway: gateway }) }] : [],
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(
      members.map(({ id, name, address, prefixLength, mac }) => [
        id,
        {
          Name: name,
          EndpointID: '',
          MacAddress: mac ?? '',
          IPv4Address: prefixLength === null ? address : `${address}/${prefixLength}`,
          IPv6Address: '',
        },
      ]),
    ),
    Options: {},
    Labels: network.labels,
  };
}

function subnetOf(address: string, prefixLength: number): string {
  const bits = address.split('.').reduce((value, part) => value * 256 + Number(part), 0);
  const size = 2 ** (32 - prefixLength);
  const base = Math.floor(bits / size) * size;
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256);
  return `${parts.join('.')}/${prefixLength}`;
}
