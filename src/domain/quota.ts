/** What a tenant's quotas count. */
export const quotaResources = ['containers', 'volumes', 'networks', 'images'] as const;
export type QuotaResource = (typeof quotaResources)[number];
