/** The networks and ports of a container in inspect and list answers. */
import type { ShownContainer } from '../../domain/container.ts';
import type { ContainerDetails } from '../../domain/container-details.ts';
import type { Attachment, Endpoint } from '../../domain/network.ts';
import { dockerStatus } from './container-status.ts';
import { networkNameOf } from './network-views.ts';
import { portKey } from './translate-ports.ts';
import { isBefore } from './versions.ts';

export function networkModeOf({ attachments: [first] }: ShownContainer): string {
  return first ? networkNameOf(first) : 'none';
}

/** By the networks' names. */
export function endpointsView(container: ShownContainer, version: string) {
  return Object.fromEntries(
    container.attachments.map((attachment) => [
      networkNameOf(attachment),
      endpointView(container, attachment, container.run.networks?.[attachment.key], version),
    ]),
  );
}

/** What is not known of an endpoint, or is nobody's wish, is blank. */
function endpointView(
  { id, name }: ShownContainer,
  { networkId, aliases }: Attachment,
  seen: Endpoint | undefined,
  version: string,
) {
  const shortId = id.slice(0, 12);
  const shown = isBefore(version, '1.45') ? [...aliases, shortId] : aliases;
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: shown.length > 0 ? shown : null,
    NetworkID: networkId,
    ...addressView(seen),
    DriverOpts: null,
    ...(!isBefore(version, '1.44') && { DNSNames: [name, shortId, ...aliases] }),
  };
}

/** Blank until it was seen on the network. */
const addressView = (seen: Endpoint | null | undefined) => ({
  EndpointID: '',
  Gateway: seen?.gateway ?? '',
  IPAddress: seen?.address ?? '',
  IPPrefixLen: seen?.prefixLength ?? 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  MacAddress: seen?.mac ?? '',
});

export function networkSettingsView(container: ContainerDetails, version: string) {
  const own = container.attachments.find(({ isDefault }) => isDefault);
  const seen = own && container.run.networks?.[own.key];
  return {
    Bridge: '',
    SandboxID: '',
    SandboxKey: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...addressView(seen),
    Ports: Object.fromEntries(openPorts(container)),
    Networks: endpointsView(container, version),
  };
}

type Bindings = { HostIp: string; HostPort: string }[] | null;

/** While it runs: published ports with where they are, exposed ones with null. */
function openPorts(container: ContainerDetails): Map<string, Bindings> {
  const { spec, image, run } = container;
  if (!['running', 'paused'].includes(dockerStatus(container))) return new Map();
  const exposed = [...(image?.exposedPorts ?? []), ...(spec.expose ?? []).map(portKey), ...spec.ports.map(portKey)];
  const open = new Map<string, Bindings>(exposed.sort().map((key) => [key, null]));
  for (const port of run.ports) {
    const binding = { HostIp: port.hostAddress, HostPort: String(port.hostPort) };
    open.set(portKey(port), [...(open.get(portKey(port)) ?? []), binding]);
  }
  return open;
}

/** The field Ports of a list item. */
export function listedPorts(container: ContainerDetails) {
  return [...openPorts(container)].flatMap(([key, bindings]) => {
    const [port, type = 'tcp'] = key.split('/');
    const common = { PrivatePort: Number(port), Type: type };
    if (!bindings) return [common];
    return bindings.map(({ HostIp, HostPort }) => ({ IP: HostIp, ...common, PublicPort: Number(HostPort) }));
  });
}
