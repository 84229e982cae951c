import { describe, expect, it } from 'vitest';
import { parseChanges } from '../../src/domain/dockerfile-changes.ts';

const base = { env: { HOME: '/root', EMPTY: '' }, workdir: '/srv' };
const parse = (...texts: string[]) => parseChanges(texts, base);
const none = { env: {}, labels: {} };

describe('instructions of a commit', () => {
  it.each<[string, object]>([
    ['CMD ["a", "b c"]', { command: ['a', 'b c'] }],
    ['cmd echo "$HOME" && ls', { command: ['/bin/sh', '-c', 'echo "$HOME" && ls'] }],
    ['CMD [not json]', { command: ['/bin/sh', '-c', '[not json]'] }],
    ['ENTRYPOINT []', { entrypoint: [] }],
    ['EXPOSE 80 53/udp 8000-8002/TCP', { exposedPorts: ['80/tcp', '53/udp', '8000/tcp', '8001/tcp', '8002/tcp'] }],
    ['USER nobody:nogroup', { user: 'nobody:nogroup' }],
    ['WORKDIR sub/../other', { workdir: '/srv/other' }],
    ['WORKDIR /a\nWORKDIR b', { workdir: '/a/b' }],
    ['VOLUME /a "/b c"', { volumes: ['/a', '/b c'] }],
    ['VOLUME ["/a"]', { volumes: ['/a'] }],
    ['ONBUILD RUN echo $HOME', { onBuild: ['RUN echo $HOME'] }],
    ['HEALTHCHECK NONE', { healthcheck: expect.objectContaining({ command: ['NONE'] }) }],
    [
      'HEALTHCHECK --interval=1m30s --retries=2 CMD wget -q localhost',
      {
        healthcheck: expect.objectContaining({
          intervalSeconds: 90,
          retries: 2,
          command: ['CMD-SHELL', 'wget -q localhost'],
        }),
      },
    ],
  ])('%s', (text, change) => {
    expect(parse(text)).toEqual({ ...none, ...change });
  });

  it.each<[string, Record<string, string>]>([
    ['ENV A=1 B="two words" C=a\\ b', { A: '1', B: 'two words', C: 'a b' }],
    [`ENV A='$HOME' B=$HOME C=\${HOME}/x D="$HOME"`, { A: '$HOME', B: '/root', C: '/root/x', D: '/root' }],
    [`ENV A=\${EMPTY:-none} B=\${HOME:+set} C=\${NOPE:-} D=\\$HOME`, { A: 'none', B: 'set', C: '', D: '$HOME' }],
    ['ENV A the whole rest', { A: 'the whole rest' }],
    ['ENV A=1\nENV B=$A$A', { A: '1', B: '11' }],
    ['ENV A="a\\"b" B="it\'s" C="back\\slash"', { A: 'a"b', B: "it's", C: 'back\\slash' }],
    ['ENV A=1 \\\n# between\n  B=2', { A: '1', B: '2' }],
  ])('%s', (text, env) => {
    expect(parse(text).env).toEqual(env);
  });

  it('labels are taken like variables, and ours are refused', () => {
    expect(parse('LABEL app=shop note="a b"').labels).toEqual({ app: 'shop', note: 'a b' });
    for (const label of [
      'longshore.tenant=x',
      'longshore.tenant x',
      '"longshore.tenant"=x',
      'LongShore.x=1',
      'cp.x=1',
    ]) {
      expect(() => parse(`LABEL ${label}`)).toThrow(/labels/);
    }
    expect(() => parse('ENV N=longshore.install\nLABEL $N=x')).toThrow(/labels/);
  });

  it('later ones come on top of earlier ones', () => {
    expect(parse('CMD a\nUSER x', 'CMD ["b"]', 'EXPOSE 1', 'EXPOSE 2')).toEqual({
      ...none,
      command: ['b'],
      user: 'x',
      exposedPorts: ['1/tcp', '2/tcp'],
    });
    expect(parse('', '# nothing')).toEqual(none);
  });

  it.each([
    'RUN rm -rf /',
    'COPY a b',
    'ADD http://169.254.169.254/ /',
    'FROM other',
    'ARG A=1',
    'SHELL ["x"]',
    'STOPSIGNAL 9',
    'CMD',
    'EXPOSE 0',
    'EXPOSE 70000',
    'EXPOSE 9-1',
    'EXPOSE 80/icmp',
    'ENV A',
    'ENV =1',
    'ENV A="open',
    `ENV A=\${HOME%x}`,
    'ENV A=1\0',
    'ONBUILD FROM x',
    'ONBUILD ONBUILD RUN x',
    'HEALTHCHECK CMD',
    'HEALTHCHECK --interval=x CMD y',
    '# escape=`\nCMD a',
    `ENV A=${'x'.repeat(70_000)}`,
    ['ENV A=x', ...Array(40).fill('ENV A=$A$A$A')].join('\n'),
    [`ENV A=${'x'.repeat(9000)}`, ...Array(300).fill('LABEL a=$A')].join('\n'),
  ])('%s is refused', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});
