/** The names that providers know our objects by: opaque, deterministic, and so their idempotency keys. Pure. */

/** Of one incarnation of a container. */
export const providerKey = (containerId: string, incarnation: number): string => `ls-${containerId}-${incarnation}`;

export const networkKey = (networkId: string): string => `ls-net-${networkId}`;

/** @param id 32 random hex digits: a volume's name may be used again after its removal, its key never */
export const volumeKey = (id: string): string => `ls-vol-${id}`;
