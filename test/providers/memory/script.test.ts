import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../../src/providers/memory/script.ts';

const shell = (script: string, env: Record<string, string> = {}) => parseCommand(['sh', '-c', script], env);

describe('a pretended command', () => {
  it('is a list of statements when it is a shell script', () => {
    expect(shell("trap 'echo bye; exit 3' TERM; echo one >&2\nsleep 0.5; exit 300")).toEqual([
      {
        kind: 'trap',
        signal: 'TERM',
        body: [
          { kind: 'echo', stream: 'stdout', text: 'bye' },
          { kind: 'exit', code: 3 },
        ],
      },
      { kind: 'echo', stream: 'stderr', text: 'one' },
      { kind: 'sleep', ms: 500 },
      { kind: 'exit', code: 44 },
    ]);
  });

  it('reads quotes and variables as a shell does', () => {
    const env = { NAME: 'a  b' };
    const echoed = shell(`echo '$NAME;' "$NAME;" \${NAME} \\;`, env);
    expect(echoed).toEqual([{ kind: 'echo', stream: 'stdout', text: '$NAME; a  b; a  b ;' }]);
  });

  it('prints its arguments and sleeps for ever when it is none that is known', () => {
    expect(parseCommand(['nginx', '-g', 'daemon off;'], {})).toEqual([
      { kind: 'echo', stream: 'stdout', text: 'nginx -g daemon off;' },
      { kind: 'sleep', ms: Number.POSITIVE_INFINITY },
    ]);
  });

  it('sleeps for ever when it would sleep longer than a timer can', () => {
    expect(parseCommand(['sleep', '99999999'], {})).toEqual([{ kind: 'sleep', ms: Number.POSITIVE_INFINITY }]);
  });

  it.for([[], ['missing'], ['no-such-command']])('cannot run when it is %j', (command) => {
    expect(() => parseCommand(command, {})).toThrow(
      expect.objectContaining({ code: 'invalid', details: { exitCode: 127 } }),
    );
  });
});
