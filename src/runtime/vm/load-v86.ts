import type { V86 } from 'v86';

/** What browsers have for pixels and Node has not; v86 draws into it. */
class PlainImage {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

/**
 * Loads the emulator so that it never starts a worker of its own.
 *
 * v86 decides how to yield when its module is evaluated: where it sees `Worker`, each emulator starts a
 * nested worker from a blob URL, which our CSP (`worker-src 'self'`) and Trusted Types refuse, and which
 * costs twice the CPU of an idle machine. Without `Worker` in sight it takes a plain timer, which
 * `install-yield.ts` then replaces. A worker that runs a guest has no use for workers anyway.
 */
export async function loadV86(): Promise<typeof V86> {
  (globalThis as { Worker?: unknown }).Worker = undefined;
  (globalThis as { ImageData?: unknown }).ImageData ??= PlainImage;
  const module = await import('v86');
  return module.V86;
}
