/** A tenant's volumes: named data that outlives containers. */
export interface Volume {
  tenantId: string;
  name: string;
  labels: Record<string, string>;
  /** Made for one mount without a source; goes with its container when asked (`?volumes=true`). */
  anonymous: boolean;
  providerKey: string;
  createdAt: Date;
}
