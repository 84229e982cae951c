/**
 * The life of one task on the fake's clock:
 * PROVISIONING -> PENDING -> ACTIVATING -> RUNNING -> DEACTIVATING -> STOPPING -> DEPROVISIONING -> STOPPED.
 */
import type { Container, Task } from '@aws-sdk/client-ecs';
import { AwsError } from '../aws-error.ts';
import { pause } from '../clock.ts';
import { type ContainerExit, type ContainerPlan, PullError, type RuntimeTask, StartError } from '../runtime/runtime.ts';
import type { Site } from '../site.ts';
import { orderOf } from './definition-rules.ts';
import type { TaskRecord } from './ecs-store.ts';
import type { Placement } from './run-task-rules.ts';
import { publishTaskChange } from './task-events.ts';
import { attachInterface, detachInterface } from './task-interface.ts';
import { demandOfRole, InitializationError, planContainers, registryLogin, sizeOf } from './task-plan.ts';

/** How often a dependency is looked at. */
const dependencyPollMs = 250;

export class TaskLife {
  private readonly site: Site;
  private readonly record: TaskRecord;
  private readonly placement: Placement;
  private cause: { code: Task['stopCode']; reason: string } | undefined;
  private wasRunning = false;
  private starting = true;
  private runtimeTask: RuntimeTask | undefined;

  constructor(site: Site, record: TaskRecord, placement: Placement) {
    this.site = site;
    this.record = record;
    this.placement = placement;
    record.stop = (code, reason) => this.stop(code, reason);
  }

  /** From PROVISIONING to RUNNING, or to its end. Never rejects: what goes wrong becomes the task's reason. */
  async start(): Promise<void> {
    try {
      await this.bringUp();
    } catch (error) {
      this.cause ??= { code: 'TaskFailedToStart', reason: this.reasonOf(error) };
    }
    this.starting = false;
    if (this.cause) await this.end();
  }

  private stop(code: Task['stopCode'], reason: string): void {
    if (this.cause) return;
    this.cause = { code, reason };
    this.change({ desiredStatus: 'STOPPED', stopCode: code, stoppedReason: reason, stoppingAt: this.site.now() });
    // A task that is still coming up ends at its next step.
    if (!this.starting) this.end().catch((error) => this.site.world.failures.push(error));
  }

  private async bringUp(): Promise<void> {
    const { delays } = this.site.world.habits;
    const { task } = this.record;
    await pause(this.site.world.clock, delays.provisioningMs);
    if (this.cause) return;
    const address = await attachInterface(this.site, this.record, this.placement);
    this.change({ lastStatus: 'PENDING', connectivity: 'CONNECTED', connectivityAt: this.site.now() });
    await pause(this.site.world.clock, delays.pendingMs);
    if (this.cause) return;
    const plans = planContainers(this.site, this.record);
    task.pullStartedAt = this.site.now();
    for (const plan of plans) await this.pull(plan);
    this.change({ pullStoppedAt: this.site.now(), lastStatus: 'ACTIVATING' });
    await pause(this.site.world.clock, delays.activatingMs);
    if (this.cause) return;
    const size = sizeOf(this.record);
    this.runtimeTask = await this.site.world.runtime.open({
      ...size,
      taskId: this.record.id,
      address,
      containers: plans,
    });
    for (const { name = '', dependsOn = [] } of orderOf(this.record.definition.containerDefinitions ?? [])) {
      for (const { containerName = '', condition = 'START' } of dependsOn) await this.reached(containerName, condition);
      if (this.cause) return;
      await this.startContainer(this.runtimeTask, name);
    }
    this.wasRunning = true;
    // What ends at once did run, and is shown so before it is shown to end.
    this.change({ lastStatus: 'RUNNING', startedAt: this.site.now() });
    this.startAgents();
  }

  private async pull(plan: ContainerPlan): Promise<void> {
    const shown = this.container(plan.name);
    try {
      const source = this.site.ecr.pullSource(plan.image, this.record.definition.runtimePlatform?.cpuArchitecture);
      if (source.repositoryArn) {
        demandOfRole(this.site, this.record, 'ecr:GetAuthorizationToken', '*');
        demandOfRole(this.site, this.record, 'ecr:BatchGetImage', source.repositoryArn);
      }
      const login = source.login ?? registryLogin(this.site, this.record, plan.name);
      const { digest } = await this.site.world.runtime.pull({ ...source, login });
      plan.image = source.reference;
      if (digest ?? source.digest) shown.imageDigest = source.digest ?? digest;
    } catch (error) {
      if (error instanceof AwsError) throw new InitializationError(`unable to pull registry auth: ${error.message}`);
      shown.reason = this.reasonOf(error);
      throw error;
    }
  }

  private async startContainer(runtimeTask: RuntimeTask, name: string): Promise<void> {
    const shown = this.container(name);
    try {
      const running = await runtimeTask.start(name);
      this.record.containers.set(name, running);
      Object.assign(shown, { lastStatus: 'RUNNING', runtimeId: running.runtimeId });
      this.watch(name, running.exited);
    } catch (error) {
      shown.reason = this.reasonOf(error);
      throw error;
    }
  }

  private watch(name: string, exited: Promise<ContainerExit>): void {
    const startedMs = this.site.world.clock.now();
    exited.then((exit) => this.exited(name, exit, startedMs)).catch((error) => this.site.world.failures.push(error));
  }

  private async exited(name: string, exit: ContainerExit, startedMs: number): Promise<void> {
    const shown = this.container(name);
    const definition = this.record.definition.containerDefinitions?.find((container) => container.name === name);
    const { restartPolicy: policy } = definition ?? {};
    const ranS = (this.site.world.clock.now() - startedMs) / 1000;
    const restarts =
      policy?.enabled &&
      !this.cause &&
      !policy.ignoredExitCodes?.includes(exit.exitCode) &&
      ranS >= (policy.restartAttemptPeriod ?? 300);
    if (restarts && this.runtimeTask) return this.startContainer(this.runtimeTask, name);
    shown.lastStatus = 'STOPPED';
    shown.exitCode = exit.exitCode;
    if (exit.outOfMemory) shown.reason = 'OutOfMemoryError: Container killed due to memory usage';
    for (const agent of shown.managedAgents ?? []) agent.lastStatus = 'STOPPED';
    this.change({});
    if (definition?.essential !== false) this.stop('EssentialContainerExited', 'Essential container in task exited');
  }

  /** Waits until the container is what one that depends on it asks for. */
  private async reached(name: string, condition: string): Promise<void> {
    while (!this.cause) {
      const shown = this.container(name);
      const running = this.record.containers.get(name);
      if (condition === 'START' && running) return;
      if (condition === 'HEALTHY' && (await running?.health()) === 'HEALTHY') return;
      const ended = shown.lastStatus === 'STOPPED';
      if (ended && (condition === 'COMPLETE' || (condition === 'SUCCESS' && shown.exitCode === 0))) return;
      if (ended) throw new StartError(`dependency ${name} did not reach ${condition}`);
      await pause(this.site.world.clock, dependencyPollMs);
    }
  }

  /** The agent of ECS Exec writes to the container's root, so that it does not live in one that is read-only. */
  private startAgents(): void {
    if (!this.record.task.enableExecuteCommand) return;
    const writable = this.record.definition.containerDefinitions?.filter((each) => !each.readonlyRootFilesystem) ?? [];
    this.site.world.clock.after(this.site.world.habits.delays.execAgentMs, () => {
      if (this.cause) return;
      for (const { name = '' } of writable) {
        for (const agent of this.container(name).managedAgents ?? []) {
          Object.assign(agent, { lastStatus: 'RUNNING', lastStartedAt: this.site.now() });
        }
      }
      this.change({});
    });
  }

  private async end(): Promise<void> {
    const { delays } = this.site.world.habits;
    const { task } = this.record;
    const stopping = { desiredStatus: 'STOPPED', stopCode: this.cause?.code, stoppedReason: this.cause?.reason };
    task.stoppingAt ??= this.site.now();
    if (this.wasRunning) {
      this.change({ ...stopping, lastStatus: 'DEACTIVATING' });
      await pause(this.site.world.clock, delays.deactivatingMs);
    }
    this.change({ ...stopping, lastStatus: 'STOPPING' });
    const ordered = orderOf(this.record.definition.containerDefinitions ?? []).reverse();
    for (const { name = '', stopTimeout = 30 } of ordered) {
      const running = this.record.containers.get(name);
      if (!running) continue;
      await running.stop(stopTimeout);
      await running.exited;
    }
    if (this.record.containers.size > 0) task.executionStoppedAt = this.site.now();
    await this.runtimeTask?.close();
    for (const shown of task.containers) shown.lastStatus = 'STOPPED';
    this.change({ lastStatus: 'DEPROVISIONING' });
    await detachInterface(this.site, this.record);
    await pause(this.site.world.clock, delays.deprovisioningMs);
    this.record.stoppedAtMs = this.site.world.clock.now();
    this.change({ lastStatus: 'STOPPED', stoppedAt: this.site.now() });
  }

  private container(name: string): Container {
    const found = this.record.task.containers.find((container) => container.name === name);
    if (!found) throw new Error(`the task has no container ${name}`);
    return found;
  }

  /** Every change has a version of its own and an event. */
  private change(values: Partial<Task>): void {
    Object.assign(this.record.task, values, { version: (this.record.task.version ?? 0) + 1 });
    publishTaskChange(this.site, this.record);
  }

  private reasonOf(error: unknown): string {
    if (error instanceof InitializationError) return error.message;
    if (error instanceof PullError) return `CannotPullContainerError: ${error.message}`;
    if (error instanceof StartError) return `CannotStartContainerError: ${error.message}`;
    if (error instanceof AwsError) return error.message;
    this.site.world.failures.push(error);
    return `InternalError: ${error}`;
  }
}
