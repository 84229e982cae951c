/** Which registries tenants may use. Types only; src/registry/policy.ts applies it. */

export interface RegistryPolicy {
  /** Hosts beside docker.io; "*" = any public one. */
  hosts: readonly string[];
  loopback: boolean;
}
