/** The verdicts on NetworkingConfig: which networks a container is on, and what it is called there. */
import { approximated, type FieldTable, forbidden, mapped, unsupported } from './fields.ts';

const chosenAddress = unsupported(
  'addresses on a network are given by the platform',
  'Leave it out; containers find each other by name and alias',
);

const ipamFields: FieldTable = {
  IPv4Address: chosenAddress,
  IPv6Address: chosenAddress,
  LinkLocalIPs: chosenAddress,
};

/** What an inspect answer says of an endpoint, and clients that copy one send back. */
const observed = approximated('it is found out by the platform when the container starts');

const endpointFields: FieldTable = {
  Aliases: mapped('networks.aliases'),
  IPAMConfig: mapped('nothing: each of its fields is refused', { fields: ipamFields }),
  Links: unsupported(
    'links between containers are not made',
    'Put both containers on one network: each finds the other by its name and its aliases',
  ),
  MacAddress: chosenAddress,
  DriverOpts: forbidden('options of network drivers are for the operator', 'Leave it out'),
  GwPriority: unsupported(
    'which network leads outside is decided by the platform',
    'List the network that shall lead outside first',
    { since: '1.48' },
  ),
  NetworkID: observed,
  EndpointID: observed,
  Gateway: observed,
  IPAddress: observed,
  IPPrefixLen: observed,
  IPv6Gateway: observed,
  GlobalIPv6Address: observed,
  GlobalIPv6PrefixLen: observed,
  DNSNames: { ...observed, since: '1.44' },
};

export const networkingFields: FieldTable = {
  EndpointsConfig: mapped('networks; one or more. Without any, NetworkMode says which', {
    fields: endpointFields,
    items: true,
  }),
};
