/** What clients send to make a network and to connect a container: each field is mapped or refused with a reason. Pure. */
import { z } from 'zod';
import { networkAliases } from '../../domain/container-spec.ts';
import { AppError } from '../../domain/errors.ts';
import { type Ipam, networkName } from '../../domain/network.ts';
import { labels } from '../../domain/spec-text.ts';

/** Says why, and what instead. */
function refuse(field: string, reason: string): never {
  throw new AppError('forbidden', `${field} is refused: ${reason}`);
}

const anything = z.unknown().optional();
const texts = z.record(z.string(), z.string()).nullish();
const flag = z.boolean().nullish();
const word = z.string().nullish();

const ipamConfig = z.strictObject({ Subnet: word, IPRange: word, Gateway: word, AuxiliaryAddresses: texts });
export const networkBody = z.strictObject({
  Name: networkName,
  CheckDuplicate: anything,
  Driver: word,
  Scope: word,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: z.strictObject({ Network: word }).nullish(),
  EnableIPv4: flag,
  EnableIPv6: flag,
  IPAM: z.strictObject({ Driver: word, Options: texts, Config: z.array(ipamConfig).nullish() }).nullish(),
  Options: texts,
  Labels: labels.nullish(),
});

/** Throws forbidden for what a tenant may not choose. A second network of a name is always refused, CheckDuplicate or not. */
export function toNetworkInput(body: z.output<typeof networkBody>) {
  const { Driver, Scope, Options, IPAM } = body;
  if (Driver && Driver !== 'bridge' && Driver !== 'default') refuse(`Driver ${Driver}`, 'every network is a bridge');
  if (Scope && Scope !== 'local') refuse(`Scope ${Scope}`, 'there is no swarm; leave it out');
  if (body.Ingress) refuse('Ingress', 'there is no swarm; leave it out');
  if (body.ConfigOnly || body.ConfigFrom?.Network)
    refuse('ConfigOnly and ConfigFrom', 'there is no swarm; leave them out');
  if (body.EnableIPv6) refuse('EnableIPv6', 'networks have IPv4 addresses only');
  if (body.EnableIPv4 === false) refuse('EnableIPv4=false', 'networks have IPv4 addresses only');
  const [option] = Object.entries(Options ?? {}).filter(([name, value]) => defaults[name] !== value);
  if (option) refuse(`Option ${option[0]}`, 'options of network drivers are for the operator');
  return {
    name: body.Name,
    labels: body.Labels ?? {},
    internal: body.Internal ?? false,
    attachable: body.Attachable ?? false,
    ipam: toIpam(IPAM),
  };
}

/** Said or not, it is so. */
const defaults: Record<string, string> = {
  'com.docker.network.bridge.enable_icc': 'true',
  'com.docker.network.bridge.enable_ip_masquerade': 'true',
};

function toIpam(given: z.output<typeof networkBody>['IPAM']): Ipam | undefined {
  if (given?.Driver && given.Driver !== 'default') refuse(`IPAM.Driver ${given.Driver}`, 'leave it out');
  if (Object.keys(given?.Options ?? {}).length > 0) refuse('IPAM.Options', 'leave them out');
  const [first, ...others] = given?.Config ?? [];
  if (others.length > 0) refuse('IPAM.Config', 'a network has one subnet');
  if (!first) return undefined;
  if (first.IPRange) refuse('IPAM.Config.IPRange', 'addresses are given from the whole subnet');
  if (Object.keys(first.AuxiliaryAddresses ?? {}).length > 0)
    refuse('IPAM.Config.AuxiliaryAddresses', 'containers find each other by name');
  if (first.Subnet) return { subnet: first.Subnet, gateway: first.Gateway || null };
  if (first.Gateway) refuse('IPAM.Config.Gateway without Subnet', 'choose both, or neither');
  return undefined;
}

const isBlank = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  value === 0 ||
  (typeof value === 'object' && Object.values(value).every(isBlank));

/** What an inspect answer says of an endpoint, and clients that copy one send back. */
const observed = {
  ...{ NetworkID: anything, EndpointID: anything, Gateway: anything, IPAddress: anything, IPPrefixLen: anything },
  ...{ IPv6Gateway: anything, GlobalIPv6Address: anything, GlobalIPv6PrefixLen: anything, DNSNames: anything },
};
const endpoint = z.strictObject({
  ...observed,
  Aliases: networkAliases.nullish(),
  ...{ IPAMConfig: anything, Links: anything, MacAddress: anything, DriverOpts: anything, GwPriority: anything },
});
export const connectBody = z.strictObject({ Container: z.string().min(1), EndpointConfig: endpoint.nullish() });
export const disconnectBody = z.strictObject({ Container: z.string().min(1), Force: flag });

export function toAliases({ EndpointConfig: given }: z.output<typeof connectBody>): string[] {
  if (!isBlank(given?.IPAMConfig)) refuse('IPAMConfig', 'addresses are given by the platform; use a name or an alias');
  if (!isBlank(given?.MacAddress)) refuse('MacAddress', 'addresses are given by the platform');
  if (!isBlank(given?.Links)) refuse('Links', 'containers of one network find each other by name and alias');
  if (!isBlank(given?.DriverOpts)) refuse('DriverOpts', 'options of network drivers are for the operator');
  if (!isBlank(given?.GwPriority)) refuse('GwPriority', 'the network that was joined first leads outside');
  return given?.Aliases ?? [];
}
