/** A command to be run inside a running container, and what became of it. */

export interface ExecSpec {
  command: string[];
  env: Record<string, string>;
  workdir?: string | undefined;
  user?: string | undefined;
  stdin: boolean;
  tty: boolean;
}

export const execStates = ['created', 'running', 'exited'] as const;
export type ExecState = (typeof execStates)[number];

export interface Exec {
  tenantId: string;
  /** 64 hex digits, as a container's. */
  id: string;
  containerId: string;
  spec: ExecSpec;
  state: ExecState;
  /** Null until it ended, and when nobody could tell. */
  exitCode: number | null;
  createdAt: Date;
}
