/** Volumes of tasks: scratch ones that end with their task, and directories of EFS that outlive it. */
import { chmodSync, chownSync, existsSync } from 'node:fs';
import type Docker from 'dockerode';
import type { MountSettings } from 'dockerode';
import { ignoring } from './engine-answers.ts';
import type { MountPlan } from './runtime.ts';

export class EngineVolumes {
  private readonly made = new Map<string, Promise<void>>();
  private readonly docker: Docker;
  private readonly prefix: string;
  private readonly labels: Record<string, string>;

  constructor(docker: Docker, prefix: string, labels: Record<string, string>) {
    this.docker = docker;
    this.prefix = prefix;
    this.labels = labels;
  }

  /** Makes the volumes that are not there yet. Nothing of the image is copied into them. */
  async mounts(plans: MountPlan[]): Promise<MountSettings[]> {
    for (const plan of plans) {
      const known = this.made.get(plan.volume) ?? this.make(plan);
      this.made.set(plan.volume, known);
      await known;
    }
    return plans.map(({ volume, path, readOnly }) => ({
      Type: 'volume',
      Source: this.name(volume),
      Target: path,
      ReadOnly: readOnly,
      VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
    }));
  }

  /** Removes the task's own. */
  async removeOf(taskId: string): Promise<void> {
    for (const volume of this.made.keys()) {
      if (volume.startsWith(`task-${taskId}-`)) await this.remove(volume);
    }
  }

  async close(): Promise<void> {
    for (const volume of this.made.keys()) await this.remove(volume);
  }

  private async make({ volume, owner }: MountPlan): Promise<void> {
    await this.docker.createVolume({ Name: this.name(volume), Labels: this.labels });
    const { Mountpoint } = await this.docker.getVolume(this.name(volume)).inspect();
    // Only where the Engine's files are this machine's, and only as root.
    if (!owner || !existsSync(Mountpoint)) return;
    chownSync(Mountpoint, owner.uid, owner.gid);
    chmodSync(Mountpoint, owner.mode);
  }

  private async remove(volume: string): Promise<void> {
    this.made.delete(volume);
    await ignoring([404], this.docker.getVolume(this.name(volume)).remove());
  }

  private name(volume: string): string {
    return `${this.prefix}-${volume}`;
  }
}
