import { effect } from '@preact/signals-core';
import { systemClock } from './base/clock';
import { SandboxError } from './base/errors';
import type { EmbeddedWork } from './embed/embed-home';
import { hasImage } from './engine/has-image';
import type { Lab } from './engine/lab';
import type { PageStock } from './images';
import { createLessonLab } from './lessons/lab-probes';
import { noProgress } from './lessons/progress';
import { createLabScenarios } from './scenarios';
import { LessonShelf } from './ui/lessons/lesson-shelf';
import { servedLessons } from './ui/lessons/lesson-source';
import type { Store } from './ui/store';

/** What shows the lessons. A part of the page that comes when it is first wanted. */
export async function createLessonShelf(stock: PageStock, lab: Lab, page: Store): Promise<LessonShelf> {
  const clock = systemClock;
  const shelf = new LessonShelf({
    lab,
    seen: createLessonLab({ lab, clock, hasImage: (name) => hasImage(stock.images, name) }),
    scenarios: createLabScenarios(stock, lab),
    source: servedLessons(new URL('lessons/', document.baseURI).href, (url) => fetch(url)),
    settings: page.settings,
    clock,
    page,
  });
  await shelf.open();
  return shelf;
}

/** One that an embedded lab runs: begun, shown at the step where somebody was, and followed. */
export async function lessonWork(page: Store, id: string): Promise<EmbeddedWork> {
  const shelf = await page.parts.lessons.get();
  if (!shelf) throw new SandboxError('Unavailable', 'The lessons cannot be had');
  const run = await shelf.lesson(id);
  const steps = run.lesson.steps.length;
  const plan = run.plan();
  return {
    memoryMiB: plan?.memoryMiB ?? 0,
    ...(plan && { plan }),
    begin: async () => {
      await run.start();
      page.go({ view: 'lesson', id, step: Math.max(1, shelf.progressOf(id).step) });
      return run.failures.value;
    },
    follow: (tell) => {
      effect(() => {
        const { passed } = shelf.progress.value.get(id) ?? noProgress;
        const done = passed.length === steps;
        tell(
          run.lesson.steps.map((_, at) => ({ lesson: id, step: at + 1, steps, passed: passed.includes(at + 1), done })),
        );
      });
    },
  };
}
