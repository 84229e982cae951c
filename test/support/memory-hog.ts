/**
 * A shell command that takes memory until the kernel ends it. It begins after a second: containerd's shim hears of a kill
 * for memory only from the moment at which it has told of the start, and one that comes before it reaches nobody. On a busy
 * machine a command that takes its memory at once is there first, and the Engine says `OOMKilled: false`.
 */
export const memoryHog = ['sh', '-c', 'sleep 1; x=a; while :; do x=$x$x; done'];
