/** Runs a TypeScript file of the tests as a process of its own, for tests that kill processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type TestProcess = {
  child: ChildProcess;
  /** The next line that it prints on standard output; rejects when it ends without one. */
  nextLine(): Promise<string>;
  /** Sends the signal and answers once the process has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** Answers once the process has ended by itself. */
  ended(): Promise<void>;
  /** Whatever it wrote to standard error so far. */
  errors(): string;
};

export type RunOptions = {
  env?: NodeJS.ProcessEnv;
  /** Words before `node` on the command line, such as `unshare --net`. The command must become node, not start it. */
  wrapper?: string[];
};

/** @param script relative to the repository's root */
export function run(script: string, args: string[], { env = {}, wrapper = [] }: RunOptions = {}): TestProcess {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const [program = '', ...words] = [...wrapper, process.execPath, script, ...args];
  const child = spawn(program, words, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout });
  const queue = lines[Symbol.asyncIterator]();
  return {
    child,
    nextLine: async () => {
      const line = await queue.next();
      if (!line.done) return line.value;
      await ended;
      throw new Error(`${script} ended with ${child.exitCode ?? child.signalCode}: ${errors}`);
    },
    end: async (signal) => {
      child.kill(signal);
      await ended;
    },
    ended: async () => {
      await ended;
    },
    errors: () => errors,
  };
}

/** The address that a server says when it listens, as the last word of a line; what it says before is passed over. */
export async function addressOf(server: TestProcess): Promise<string> {
  for (;;) {
    const [, url] = /^Longshore listens on (\S+)$/.exec(await server.nextLine()) ?? [];
    if (url) return url;
  }
}
