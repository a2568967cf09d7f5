import { describe, expect, it } from 'vitest';
import { lessonIds, loadLesson, runLesson } from '../support/lesson-lab';

/**
 * `LESSON=03` takes the lesson that begins so, `LESSON=all` all of them; `npm run soak` takes all of them in Chromium. What the
 * terminals say is shown with `LESSON_LOG=1`.
 */
const { LESSON: only, LESSON_LOG: shown } = process.env;

/** What the others have is in these: shells in namespaces, containers, frames. */
const usual = ['04-namespaces', '07-privileges', '09-bridges'];

const taken = only === undefined ? usual : lessonIds().filter((id) => only === 'all' || id.startsWith(only));

describe('the solution of a lesson passes its checks on real machines', { timeout: 900_000 }, () => {
  it.each(taken)('%s', async (id) => {
    await runLesson(loadLesson(id), (text) => shown && process.stdout.write(text));
  });

  it.runIf(taken.includes('04-namespaces'))(
    'that leaves the shell of the step before, which is not there',
    async () => {
      const lesson = loadLesson('04-namespaces');
      await runLesson({ ...lesson, steps: lesson.steps.slice(2, 3) }, (text) => {
        expect(text).not.toContain('ended with');
      });
    },
  );
});
