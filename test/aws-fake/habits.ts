/** AWS's honest bad habits, as switches that a test may turn at any moment. */
import type { AwsError } from './aws-error.ts';

export interface Habits {
  /** How long a task stays in a state before it goes on, on the fake's clock. AWS takes 10 to 40 s to provision one. */
  delays: TaskDelays;
  /** For so long after RunTask DescribeTasks answers MISSING and ListTasks does not list the task. */
  missingMs: number;
  /** How long a new access point of EFS is `creating`. */
  accessPointMs: number;
  /** For how long a stopped task is remembered. AWS promises an hour. */
  rememberStoppedMs: number;
  /** For how long RunTask answers the same to the same client token. */
  tokenLifeMs: number;
  /** Whether the published token buckets are enforced. */
  throttle: boolean;
  /** Actions such as `ecs:RunTask` that nobody may perform. */
  deny: Set<string>;
  /** Asked before an action is performed; what it returns is the answer instead. */
  refuse: (action: string, input: unknown) => AwsError | undefined;
  /** Asked after an action was performed; true cuts the connection instead of answering. */
  loseReply: (action: string, input: unknown) => boolean;
  /** Asked by RunTask for each task of a subnet; what it returns becomes a failure or, as `throw`, the call's error. */
  capacity: (request: { subnets: string[]; spot: boolean }) => CapacityFailure | undefined;
  events: EventHabits;
  /** So many empty pages come before a page of GetLogEvents and FilterLogEvents that has events. */
  emptyLogPages: number;
  /** How long a line takes until CloudWatch Logs shows it. */
  logDelayMs: number;
  channel: ChannelHabits;
}

export interface TaskDelays {
  provisioningMs: number;
  pendingMs: number;
  activatingMs: number;
  deactivatingMs: number;
  deprovisioningMs: number;
  /** From RUNNING until the exec agent is. */
  execAgentMs: number;
}

export interface CapacityFailure {
  reason: string;
  detail?: string;
  /** Whether the whole call fails with this error code instead of listing a failure. */
  throw?: string;
}

export interface EventHabits {
  delayMs: () => number;
  copies: () => number;
  drop: () => boolean;
}

/** What the network does to a data channel's frames. Each is asked once per frame. */
export interface ChannelHabits {
  /** Frames from the agent that get lost, so that they must be sent again. */
  loseOutput: () => boolean;
  /** Acknowledgements from the agent that get lost. */
  loseAck: () => boolean;
  duplicateOutput: () => boolean;
  /** Holds a frame back until the next one was sent. */
  swapOutput: () => boolean;
  /** Cuts the socket without a word instead of sending. */
  cut: () => boolean;
  /** How long the agent takes no input after it was greeted, and does not acknowledge it either. */
  deafMs: number;
}

const never = () => false;

/** A well-behaved AWS that is as fast as it can be. */
export function goodHabits(): Habits {
  return {
    delays: {
      provisioningMs: 0,
      pendingMs: 0,
      activatingMs: 0,
      deactivatingMs: 0,
      deprovisioningMs: 0,
      execAgentMs: 0,
    },
    missingMs: 0,
    accessPointMs: 0,
    rememberStoppedMs: 3_600_000,
    tokenLifeMs: 24 * 3_600_000,
    throttle: false,
    deny: new Set(),
    refuse: () => undefined,
    loseReply: never,
    capacity: () => undefined,
    events: { delayMs: () => 0, copies: () => 1, drop: never },
    emptyLogPages: 0,
    logDelayMs: 0,
    channel: { loseOutput: never, loseAck: never, duplicateOutput: never, swapOutput: never, cut: never, deafMs: 0 },
  };
}
/** AWS's real delays and limits, for a manual clock. */
export function realHabits(): Habits {
  return {
    ...goodHabits(),
    delays: {
      provisioningMs: 12_000,
      pendingMs: 8_000,
      activatingMs: 2_000,
      deactivatingMs: 1_000,
      deprovisioningMs: 10_000,
      execAgentMs: 4_000,
    },
    missingMs: 1_000,
    accessPointMs: 3_000,
    throttle: true,
    logDelayMs: 2_000,
  };
}
