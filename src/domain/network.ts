/** A tenant's networks. Each tenant has one default network, which exists from its creation and cannot be removed. */
import { z } from 'zod';

export const DEFAULT_NETWORK = 'default';

export const networkName = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must be 1 to 128 of [a-zA-Z0-9_.-], starting with a letter or digit');

export interface Network {
  tenantId: string;
  id: string;
  name: string;
  labels: Record<string, string>;
  /** No route to anything outside the network. */
  internal: boolean;
  isDefault: boolean;
  providerKey: string;
  createdAt: Date;
}
