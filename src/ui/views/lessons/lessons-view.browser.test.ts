import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDeferred, type Deferred } from '../../../base/deferred';
import { SandboxError } from '../../../base/errors';
import { openTestLab } from '../../../engine/lab-fixture';
import type { LessonFiles } from '../../../formats/lesson/read-lesson';
import { LessonShelf, type LessonShelfOptions, previewId } from '../../lessons/lesson-shelf';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import { lessonText } from '../../text/lessons';
import { LessonsView } from './lessons-view';

const lesson = (title: string): LessonFiles =>
  new Map([
    ['lesson.md', `---\nlesson: 1\ntitle: ${title}\nsummary: x\nminutes: 5\nsteps: [1.md]\n---\nBegin.\n`],
    ['1.md', '---\ntitle: First\n---\nDo it.\n'],
  ]);

let store: Store;
let view: LessonsView;
let shelf: LessonShelf;
/** Whether the server can be reached. */
let reached = true;
/** What the server says, each time that it is asked for a lesson. */
let asked: { readonly id: string; readonly answer: Deferred<LessonFiles> }[];

async function open(): Promise<void> {
  history.replaceState(null, '', '#');
  const { lab, clock } = await openTestLab();
  asked = [];
  store = new Store({
    lab,
    clock,
    settings: createSettings(undefined),
    lessons: async (page) => {
      if (!reached) throw new SandboxError('Unavailable', 'There is no network');
      const source: LessonShelfOptions['source'] = {
        list: async () => ['a', 'b'].map((id) => ({ id, title: id, summary: 'x', minutes: 5, files: [] })),
        files: ({ id }) => {
          const answer = createDeferred<LessonFiles>();
          asked.push({ id, answer });
          return answer.promise;
        },
      };
      const unused = {} as never;
      shelf = new LessonShelf({ lab, clock, page, source, settings: page.settings, seen: unused, scenarios: unused });
      await shelf.open();
      return shelf;
    },
  });
  view = new LessonsView();
  view.store = store;
  document.body.append(view);
}

beforeEach(async () => {
  reached = true;
  await open();
  await expect.poll(() => view.renderRoot.textContent).toContain(lessonText.heading);
});

afterEach(() => {
  store.dispose();
  view.remove();
});

const shown = (): string => {
  const one = view.renderRoot.querySelector('strata-lesson-view');
  return (one?.shadowRoot ?? view.renderRoot).textContent ?? '';
};
const answerTo = async (id: string, count: number): Promise<Deferred<LessonFiles>> => {
  await expect.poll(() => asked.filter((each) => each.id === id).length).toBe(count);
  return asked.filter((each) => each.id === id)[count - 1]!.answer;
};

it('a lesson that comes while another is wanted is not shown, and the other is', async () => {
  store.go({ view: 'lesson', id: 'a', step: 0 });
  const first = await answerTo('a', 1);
  store.go({ view: 'lesson', id: 'b', step: 0 });
  const second = await answerTo('b', 1);
  first.resolve(lesson('Of the first'));
  await shelf.lesson('a');
  second.resolve(lesson('Of the second'));
  await expect.poll(shown).toContain('Of the second');
});

it('a lesson that could not be had is asked for again by whoever comes back', async () => {
  store.go({ view: 'lesson', id: 'a', step: 0 });
  (await answerTo('a', 1)).reject(new SandboxError('Unavailable', 'There is no network'));
  await expect.poll(shown).toContain(lessonText.gone);
  // Where it would be, and nowhere else: a message would go along to other views.
  expect(shown()).toContain('There is no network');
  expect(store.messages.toasts.value).toEqual([]);
  store.go({ view: 'lessons' });
  await expect.poll(shown).toContain(lessonText.heading);
  store.go({ view: 'lesson', id: 'a', step: 0 });
  (await answerTo('a', 2)).resolve(lesson('It is here'));
  await expect.poll(shown).toContain('It is here');
});

it('a folder that is brought where there was none is shown', async () => {
  store.go({ view: 'lesson', id: previewId, step: 0 });
  await expect.poll(shown).toContain(lessonText.gone);
  await shelf.bring('mine', lesson('My own'));
  await expect.poll(shown).toContain('My own');
});

it('whoever goes on is at the heading of the next step', async () => {
  await shelf.bring('mine', lesson('My own'));
  await expect.poll(shown).toContain('Begin.');
  const root = view.renderRoot.querySelector('strata-lesson-view')!.shadowRoot!;
  store.go({ view: 'lesson', id: previewId, step: 1 });
  await expect.poll(() => root.activeElement?.textContent).toBe(lessonText.step(1, 'First'));
  expect(document.title).toBe('My own – Lessons – Strata');
});

it('a step beyond the last is the last', async () => {
  await shelf.bring('mine', lesson('My own'));
  store.go({ view: 'lesson', id: previewId, step: 99 });
  await expect.poll(shown).toContain('Do it.');
});

it('a step that is longer than the page scrolls in its view, and the page does not', async () => {
  view.style.height = '200px';
  const checks = 'checks: [{ kind: image, name: Below, image: x }]';
  const step = `---\ntitle: Long\n${checks}\n---\n${'Do it.\n\n'.repeat(100)}`;
  await shelf.bring('mine', new Map([...lesson('My own'), ['1.md', step]]));
  store.go({ view: 'lesson', id: previewId, step: 1 });
  await expect.poll(shown).toContain('Long');
  const { scrollHeight, clientHeight } = document.documentElement;
  expect(scrollHeight).toBe(clientHeight);
});

it('lessons that could not be had are asked for again by a button, or when the network is back', async () => {
  view.remove();
  store.dispose();
  reached = false;
  await open();
  await expect.poll(shown).toContain(lessonText.notFetched);
  const [told, ...more] = store.messages.toasts.value;
  expect(more).toEqual([]);
  view.renderRoot.querySelector('button')!.click();
  // The same failure is told in the place of the first.
  await expect.poll(() => store.messages.toasts.value.map(({ id }) => id > told!.id)).toEqual([true]);
  await expect.poll(shown).toContain(lessonText.notFetched);
  store.setOnline(false);
  await view.updateComplete;
  reached = true;
  store.setOnline(true);
  await expect.poll(shown).toContain(lessonText.heading);
});
