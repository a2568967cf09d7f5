import type { EmulatorCore } from './v86-internals';

/**
 * Lets the emulator give way to other tasks between its slices: by a message to itself when it wants to go
 * on at once (a timer would be clamped to 4 ms), by a timer when the guest sleeps. An interrupt during the
 * sleep supersedes the timer: v86 asks for the next slice with a newer tick, older ticks are ignored.
 */
export function installYield(core: EmulatorCore): void {
  const channel = new MessageChannel();
  let nextTick = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  channel.port1.onmessage = () => core.yield_callback(nextTick);
  core.yield = (delayMs, tick) => {
    clearTimeout(timer);
    if (delayMs < 1) {
      nextTick = tick;
      channel.port2.postMessage(undefined);
    } else {
      timer = setTimeout(() => core.yield_callback(tick), delayMs);
    }
  };
}
