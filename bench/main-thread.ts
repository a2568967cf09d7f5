import type { CDPSession } from 'playwright-core';

/** An event of Chromium's trace (the Trace Event Format); times in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  /** Of its duration what its thread ran, and not another in its place. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Script, style and layout, as the timeline of Chromium's developer tools calls them. */
const work = new Set([
  'EvaluateScript',
  'EventDispatch',
  'FireAnimationFrame',
  'FunctionCall',
  'Layout',
  'RunMicrotasks',
  'TimerFire',
  'UpdateLayoutTree',
]);

/** Comes once for each frame, when it has been laid out and painted. */
const frameEnd = 'Layerize';

/** What a frame took, milliseconds. */
export interface Frame {
  /** By the clock; on a busy machine others' work is in it. */
  readonly ms: number;
  /** The thread's own processor time. */
  readonly cpuMs: number;
}

/**
 * How long the page's thread ran script, style and layout for each frame that it made while `act` was done: all since the
 * frame before.
 */
export async function traceFrames(cdp: CDPSession, act: () => Promise<void>): Promise<readonly Frame[]> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: unknown[] }): void => {
    for (const event of value as TraceEvent[]) events.push(event);
  };
  cdp.on('Tracing.dataCollected', collect);
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    // Microtasks, in which elements are rendered, are told of by V8 alone.
    traceConfig: { includedCategories: ['devtools.timeline', 'v8.execute', '__metadata'], excludedCategories: ['*'] },
  });
  await act();
  const complete = new Promise((resolve) => cdp.once('Tracing.tracingComplete', resolve));
  await cdp.send('Tracing.end');
  await complete;
  cdp.off('Tracing.dataCollected', collect);
  return framesOf(mainThread(events));
}

/** Of the renderers' threads the one that made the most frames: there is one page. */
function mainThread(events: readonly TraceEvent[]): readonly TraceEvent[] {
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const each = threads.map(({ pid, tid }) => events.filter((event) => event.pid === pid && event.tid === tid));
  const frames = (own: readonly TraceEvent[]): number => own.filter(({ name }) => name === frameEnd).length;
  return each.toSorted((a, b) => frames(b) - frames(a))[0] ?? [];
}

function framesOf(events: readonly TraceEvent[]): readonly Frame[] {
  const frames: Frame[] = [];
  let [ms, cpuMs, countedTo] = [0, 0, 0];
  const whole = events.filter(({ ph }) => ph === 'X').toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  for (const { name, ts, dur = 0, tdur = 0 } of whole) {
    if (name === frameEnd) {
      frames.push({ ms, cpuMs });
      [ms, cpuMs] = [0, 0];
    } else if (work.has(name) && ts >= countedTo) {
      // What is inside of something that was counted is counted with it.
      ms += dur / 1000;
      cpuMs += tdur / 1000;
      countedTo = ts + dur;
    }
  }
  return frames;
}
