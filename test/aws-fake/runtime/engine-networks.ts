/** Private networks of the Engine with addresses that are known before a container has them. */
import { randomInt } from 'node:crypto';
import type Docker from 'dockerode';
import { hexId } from '../random-ids.ts';
import { ignoring } from './engine-answers.ts';
import { type Resolver, startResolver } from './resolver.ts';
import type { NetworkPlan, TaskAddress } from './runtime.ts';

interface Network {
  id: string;
  name: string;
  /** The first three parts of its addresses. */
  prefix: string;
  used: Set<number>;
  resolver: Resolver | undefined;
}

/** .0 is the network's, .1 the gateway's, .255 everybody's. */
const firstHost = 4;
const lastHost = 254;

export class EngineNetworks {
  private readonly byKey = new Map<string, Promise<Network>>();
  private readonly docker: Docker;
  private readonly prefix: string;
  private readonly labels: Record<string, string>;

  constructor(docker: Docker, prefix: string, labels: Record<string, string>) {
    this.docker = docker;
    this.prefix = prefix;
    this.labels = labels;
  }

  /** Whether the members may talk to each other is settled when the first of them comes. */
  async take(plan: NetworkPlan): Promise<TaskAddress> {
    const { key } = plan;
    const known = this.byKey.get(key) ?? this.create(plan);
    this.byKey.set(key, known);
    const network = await known;
    let host = firstHost;
    while (network.used.has(host) && host < lastHost) host += 1;
    if (network.used.has(host)) throw new Error(`the network ${network.name} is full`);
    network.used.add(host);
    const mac = `02:${hexId(10).replace(/(..)(?=.)/g, '$1:')}`;
    const dns = network.resolver && `${network.prefix}.1`;
    return { network: network.name, privateIp: `${network.prefix}.${host}`, mac, dns };
  }

  async release({ network: name, privateIp }: TaskAddress): Promise<void> {
    for (const pending of this.byKey.values()) {
      const network = await pending;
      if (network.name === name) network.used.delete(Number(privateIp.split('.')[3]));
    }
  }

  async close(): Promise<void> {
    for (const pending of this.byKey.values()) {
      const { id, resolver } = await pending;
      resolver?.close();
      await ignoring([404], this.docker.getNetwork(id).remove());
    }
  }

  /** Tries ranges until the Engine has one that nothing else uses. */
  private async create({ mutual, lookUp }: NetworkPlan): Promise<Network> {
    const name = `${this.prefix}-${hexId(6)}`;
    for (let attempt = 0; ; attempt++) {
      const prefix = `10.${randomInt(64, 128)}.${randomInt(0, 256)}`;
      try {
        const network = await this.docker.createNetwork({
          Name: name,
          Labels: this.labels,
          IPAM: { Driver: 'default', Config: [{ Subnet: `${prefix}.0/24` }] },
          Options: { 'com.docker.network.bridge.enable_icc': String(mutual) },
        });
        const resolver = await startResolver(`${prefix}.1`, lookUp);
        return { id: network.id, name, prefix, used: new Set(), resolver };
      } catch (error) {
        if (attempt >= 20 || !/overlaps/i.test(String(error))) throw error;
      }
    }
  }
}
