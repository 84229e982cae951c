/** A tenant's networks. Each tenant has one default network, which exists from its creation and cannot be removed. */
import { z } from 'zod';

export const DEFAULT_NETWORK = 'default';
/** Of one container. */
export const MAX_ATTACHMENTS = 16;

export const networkName = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must be 1 to 128 of [a-zA-Z0-9_.-], starting with a letter or digit');

/** One of the networks that a container shall be on. What it says of the network never changes. */
export interface Attachment {
  networkId: string;
  name: string;
  isDefault: boolean;
  internal: boolean;
  ipam: Ipam | null;
  /** The network's name at the provider. */
  key: string;
  /** Names of the container there, beside its own and its short id. */
  aliases: string[];
}

/** Where a run was seen on a network. Null where it has no such thing, as while it does not run. */
export interface Endpoint {
  address: string | null;
  prefixLength: number | null;
  gateway: string | null;
  mac: string | null;
  /** As in Attachment. */
  aliases: string[];
}

/** The addresses of a network, where its tenant chose them. */
export interface Ipam {
  /** IPv4, `172.28.0.0/16`. */
  subnet: string;
  gateway: string | null;
}

export interface Network {
  tenantId: string;
  id: string;
  name: string;
  labels: Record<string, string>;
  /** No route to anything outside the network. */
  internal: boolean;
  /** Docker's word for networks of a swarm. Kept to be shown; it changes nothing here. */
  attachable: boolean;
  ipam: Ipam | null;
  isDefault: boolean;
  providerKey: string;
  createdAt: Date;
}
