import type { EmulatorCore } from './v86-internals';

/**
 * The setting (MAX_PAGES in v86's jit.rs) of how many 4 KiB pages of guest code go into one WebAssembly module, which
 * is one function. One instead of three: V8's optimizing compiler takes more than three times as long for three times
 * the code. Warming up a transfer took it 9.3 s of processor before and takes 6.7 s, and the guest is as fast. Nor do
 * others wait so long for a browser's few compiler threads (storage/embedded-blob.ts).
 */
const maxPages = { setting: 1, value: 1 };

/**
 * Lets the emulator give way to other tasks between its slices: by a message to itself when it wants to go
 * on at once (a browser's timer would be clamped to 4 ms), by a timer when the guest sleeps. An interrupt
 * during the sleep supersedes the timer: v86 asks for the next slice with a newer tick, older ticks are ignored.
 *
 * A sleep is rounded up to whole milliseconds. Rounded down, as timers do, the emulator wakes a fraction too
 * early and spins for the rest: two thirds of what an idle machine costs.
 */
export function installYield(core: EmulatorCore): void {
  core.cpu.set_jit_config(maxPages.setting, maxPages.value);
  const soon = createSoon();
  let timer: ReturnType<typeof setTimeout> | undefined;
  core.yield = (delayMs, tick) => {
    clearTimeout(timer);
    if (delayMs < 1) soon(() => core.yield_callback(tick));
    else timer = setTimeout(() => core.yield_callback(tick), Math.ceil(delayMs));
  };
}

/** Runs the last given function as the next task: setImmediate in Node, a message to ourselves elsewhere. */
function createSoon(): (callback: () => void) => void {
  const immediate = (globalThis as { setImmediate?: (callback: () => void) => void }).setImmediate;
  if (immediate) return immediate;
  const { port1, port2 } = new MessageChannel();
  let next: () => void = () => {};
  port1.onmessage = () => next();
  return (callback) => {
    next = callback;
    port2.postMessage(undefined);
  };
}
