/**
 * The container's half of files that go through the bucket: the head by the session, what is beyond it in pieces by HTTP. It reads a URL as
 * a line of its input for each, and gives it to its client by a pipe, where no list of processes shows it. Pure: the text of scripts.
 *
 * The URL of a trial comes first, of an object with `trialText` in it: a container that cannot reach it says `no`, and everything goes by
 * the session.
 */
import { pieceBytes } from '../object-folder.ts';
import { codes } from './codes.ts';

const blockBytes = 65_536;
const headBlocks = 160;
const pieceBlocks = pieceBytes / blockBytes;
/** What never goes through the bucket. */
export const headBytes = headBlocks * blockBytes;
export const trialText = 'longshore';

const blocks = (count: number): string => `dd bs=${blockBytes} count=${count} iflag=fullblock 2>/dev/null`;
/** Says why it failed, without the URL. What is tried again, `$a` times, is never what has begun to write: only its connection may time out. */
const curl = 'curl -q -sSf --proto =http,https --retry "$a" --connect-timeout 10';
const config = `printf 'url = "%s"\\n' "$u"`;
const has = (...tools: string[]): string =>
  `for t in ${tools.join(' ')}; do command -v "$t" >/dev/null || return 1; done`;

/** `get`: the object at `$u`, to the standard output. Of the kinds of wget only GNU's knows whom it talks to, and says when something is missing. */
const getter = [
  `if command -v curl >/dev/null; then get() { ${config} | ${curl} -K -; }`,
  `elif wget --version 2>/dev/null | grep -q GNU; then get() { printf '%s\\n' "$u" | wget --no-config -q -t 1 --connect-timeout=10 -O - -i -; }`,
  'else get() { return 1; }; fi',
  `able() { ${has('dd')}; { command -v curl || wget --version 2>/dev/null | grep -q GNU; } >/dev/null || return 1`,
  `[ "$(printf x | dd bs=2 count=1 iflag=fullblock 2>/dev/null)" = x ]; }`,
];

/**
 * What its own tar makes of a head and pieces. Answers `plain`, or `curl` and after the trial `yes` or `no`; then `got` for each piece.
 * A line with a dot ends them: without it nothing has ended well. `23`, `3` and `141`: the tar takes no more, and says why itself. One
 * that takes no more of the head leaves bytes of somebody's files unread, which are no URLs.
 */
const pieces = [
  `pieces() { ${blocks(headBlocks)} || return; while IFS= read -r u; do`,
  '[ "$u" != . ] || { echo whole >&4; return; }',
  'get 3>&- 4>&-; g=$?; case $g in 0) echo got >&3;; 3|23|141) return;; *) echo cut >&4; return;; esac; done; }',
];

/** Reads a tar from the input, in pieces where `$3` says that it is large. */
export const unpacking = [
  'if [ -n "$3" ]; then',
  ...getter,
  'if able; then echo curl; IFS= read -r u',
  `if a=0; [ "$(get)" = ${trialText} ]; then echo yes; a=3; exec 3>&1`,
  ...pieces,
  'c=$( { pieces | { tar -xpf - >&2 3>&- 4>&- && cat >/dev/null; }; echo "t$?"; } 4>&1 )',
  `case $c in *cut*) exit ${codes.broken};; whole*t0) exit 0;; *) exit 1;; esac`,
  'fi; echo no; else echo plain; fi; fi',
  'exec tar -xpf -',
].join('\n');

/** Its standard input to the object at `$u`, which S3 takes with a length and without a type only. */
const put = `put() { { ${config} | ${curl} -X PUT -H Content-Type: --data-binary @- -K /dev/fd/6 6<&0 <&7 >/dev/null; } 7<&0; }`;

/** The first block of what is to come, as text: empty at the end. */
const next = `b=$(${blocks(1)} | base64)`;

/** A piece is filled up with zeros, so that a URL can be for one size; `k` is how many bytes of it count. */
const send = [
  `data() { printf %s "$b" | base64 -d; ${blocks(pieceBlocks - 1)}; }`,
  'send() { k=$( { {',
  `data | tee /dev/fd/8 | wc -c >&9; dd if=/dev/zero bs=${blockBytes} count=${pieceBlocks} 2>/dev/null;`,
  `} 8>&1 | ${blocks(pieceBlocks)} | put; } 9>&1 ); }`,
];

/**
 * Passes on what `producer` writes, and ends as it does. Answers `plain` before all of it; or `curl` before the head, and behind it `try`
 * when there is more: then `no` before the rest, or `more` when it wants a URL and `put <bytes>` when that piece is there, and `end`.
 */
export const packing = (producer: string): string =>
  [
    `produce() {\n${producer}\n}`,
    `able() { ${has('dd', 'curl', 'tee', 'wc', 'base64')}`,
    `[ "$(printf x | dd bs=2 count=1 iflag=fullblock 2>/dev/null | base64 | base64 -d)" = x ]; }`,
    'if ! able; then echo plain; (produce </dev/null); exit; fi',
    'echo curl; exec 3>&1 5<&0',
    put,
    ...send,
    `pass() { ${blocks(headBlocks)}; ${next}; [ -n "$b" ] || return 0`,
    `echo try; IFS= read -r u <&5 || return 1; a=0; printf ${trialText} | put || { echo no; printf %s "$b" | base64 -d; cat; return; }`,
    'a=3; while [ -n "$b" ]; do echo more; IFS= read -r u <&5 && send || return 1',
    `echo put $k; ${next}; done; echo end; }`,
    'c=$( { { (produce </dev/null) 3>&- 4>&- 5>&-; echo "$?" >&4; } | pass >&3 4>&- || echo broken; } 4>&1 )',
    `case $c in 0) exit 0;; *broken*) exit ${codes.broken};; *) exit "$c";; esac`,
  ].join('\n');
