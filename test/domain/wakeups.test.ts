import { describe, expect, it } from 'vitest';
import { createWakeups } from '../../src/domain/wakeups.ts';

const wakeups = () => createWakeups(() => Promise.resolve());

describe('asking for a look', () => {
  it('is answered by the next look of whoever attends', async () => {
    const { ask, attend } = wakeups();
    using attention = attend('container:1');
    expect(attention.isAsked).toBe(false);
    const answer = ask('container:1', 'changed');
    expect(attention.isAsked).toBe(true);
    attention.look();
    expect(attention.isAsked).toBe(false);
    expect(await answer).toBe(true);
  });

  it('is in vain where nobody attends, or to something else', async () => {
    const { ask, attend } = wakeups();
    using _ = attend('container:2');
    expect(await ask('container:1', 'changed')).toBe(false);
  });

  it('is in vain when the last look was before it', async () => {
    const { ask, attend } = wakeups();
    const attention = attend('container:1');
    attention.look();
    const answer = ask('container:1', 'changed');
    attention[Symbol.dispose]();
    expect(await answer).toBe(false);
    expect(await ask('container:1', 'changed')).toBe(false);
  });

  it('takes one of several who attend', async () => {
    const { ask, attend } = wakeups();
    const [asleep, awake] = [attend('container:1'), attend('container:1')];
    const answer = ask('container:1', 'changed');
    awake.look();
    expect(await answer).toBe(true);
    for (const attention of [asleep, awake]) attention[Symbol.dispose]();
  });
});

describe('an end that somebody heard of', () => {
  it('is known together with a start', async () => {
    const { ask, attend } = wakeups();
    using attention = attend('container:1');
    attention.know(['started', 'ended']);
    expect(await Promise.all([ask('container:1', 'started'), ask('container:1', 'ended')])).toEqual([true, true]);
    expect(attention.isAsked).toBe(false);
  });

  it('needs no look where it is known, whether it was heard before or after', async () => {
    const { ask, attend } = wakeups();
    using attention = attend('container:1');
    attention.look();
    const early = ask('container:1', 'ended');
    attention.know(['ended']);
    expect(attention.isAsked).toBe(false);
    expect(await early).toBe(true);
    expect(await ask('container:1', 'ended')).toBe(true);
    expect(attention.isAsked).toBe(false);
  });

  it('leaves whatever else was heard to be looked at', () => {
    const { ask, attend } = wakeups();
    using attention = attend('container:1');
    void ask('container:1', 'changed');
    attention.know(['ended']);
    expect(attention.isAsked).toBe(true);
  });

  it('is looked at once the last look showed something else', () => {
    const { ask, attend } = wakeups();
    using attention = attend('container:1');
    attention.know(['ended']);
    attention.know([]);
    void ask('container:1', 'ended');
    expect(attention.isAsked).toBe(true);
  });

  it('is looked at when it is heard during the look that follows: it may be the end of what was started since', () => {
    const { ask, attend } = wakeups();
    using attention = attend('container:1');
    attention.know(['ended']);
    attention.look();
    void ask('container:1', 'ended');
    attention.know(['started']);
    expect(attention.isAsked).toBe(true);
  });
});
