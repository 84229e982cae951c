/** Why a task never ran, in words for a tenant: AWS says it as text. Pure. */
import type { Task } from '@aws-sdk/client-ecs';
import { AppError, type ErrorCode, type ErrorDetails } from '../../../domain/errors.ts';

interface Rule {
  text: RegExp;
  code: ErrorCode;
  message: string;
  details?: ErrorDetails;
}

/** The first that fits decides. `unavailable` may be tried again. */
const rules: readonly Rule[] = [
  {
    text: /executable file not found|no such file or directory/i,
    code: 'invalid',
    message: 'The command is not in the image: executable file not found',
    details: { exitCode: 127 },
  },
  {
    text: /CannotStartContainerError.*(permission denied|exec format error)/is,
    code: 'invalid',
    message: 'The command cannot be executed: permission denied, or made for another architecture',
    details: { exitCode: 126 },
  },
  {
    text: /unable to find (user|group)|no matching entries in (passwd|group)/i,
    code: 'invalid',
    message: 'The image has no such user or group',
  },
  {
    text: /CannotPullContainerError.*platform/is,
    code: 'invalid',
    message: 'The image is not made for the architecture that the container was started for',
  },
  {
    text: /CannotPullContainerError/i,
    code: 'invalid',
    message: 'AWS cannot pull the image: it is gone from its repository, or the network leads to no registry',
  },
  { text: /secret|ssm parameter/i, code: 'invalid', message: 'AWS could not read a secret of the container' },
  { text: /registry auth/i, code: 'invalid', message: 'The execution role may not read the image' },
  { text: /EFS|file ?system/i, code: 'invalid', message: 'AWS could not mount a volume of the container' },
  {
    text: /log group does not exist/i,
    code: 'unavailable',
    message: "The tenant's log at AWS was gone and is made again",
  },
  {
    text: /log ?stream|logger args|log group/i,
    code: 'invalid',
    message: 'AWS could not open the log of the container',
  },
  {
    text: /capacity/i,
    code: 'unavailable',
    message: 'AWS has no capacity for another container at the moment',
  },
  {
    text: /InsufficientFreeAddresses|network interface/i,
    code: 'unavailable',
    message: 'A subnet has no free address left, or no network interface could be made',
  },
  { text: /ResourceInitializationError/i, code: 'invalid', message: 'AWS could not set up the container' },
];

/** Somebody took the tenant's log group away. */
export const lacksLog = (task: Task): boolean => /log group does not exist/i.test(reasonsOf(task));

const reasonsOf = (task: Task): string =>
  [task.stoppedReason, ...(task.containers ?? []).map(({ reason }) => reason)].filter(Boolean).join('\n');

/** Null when it was stopped on request before it ran. */
export function startErrorOf(task: Task): AppError | null {
  const text = reasonsOf(task);
  const rule = rules.find((each) => each.text.test(text));
  if (rule) {
    return new AppError(rule.code, rule.message, { details: rule.details ?? {}, cause: new Error(text) });
  }
  if (task.stopCode === 'UserInitiated') return null;
  return new AppError('unavailable', 'AWS stopped the container before it ran', { cause: new Error(text) });
}

export function startFailureOf(task: Task) {
  const error = startErrorOf(task);
  return error && { code: error.code, message: error.message };
}
