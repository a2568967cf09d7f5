import { afterEach, expect, it } from 'vitest';
import { userEvent } from 'vitest/browser';
import { lessonText } from '../../text/lessons';
import { LessonQuiz } from './lesson-quiz';

afterEach(() => document.body.replaceChildren());

it('questions of the next step have no answers yet, though they are as many', async () => {
  const quiz = new LessonQuiz();
  const shown = () => quiz.renderRoot.textContent ?? '';
  const buttons = () => [...quiz.renderRoot.querySelectorAll('input')];
  const choices = (because: string) => [
    { text: 'yes', right: true, because },
    { text: 'no', right: false },
  ];
  quiz.questions = [{ question: 'One?', choices: choices('So it is.') }];
  document.body.append(quiz);
  await quiz.updateComplete;
  buttons()[0]?.click();
  await quiz.updateComplete;
  expect(shown()).toContain(lessonText.quiz.right);
  quiz.questions = [{ question: 'Two?', choices: choices('That, too.') }];
  await quiz.updateComplete;
  expect(shown()).toContain('Two?');
  expect(shown()).not.toContain(lessonText.quiz.right);
  expect(buttons().map(({ checked }) => checked)).toEqual([false, false]);
});

it('the arrow keys go to another choice, and Enter or the space bar answers', async () => {
  const quiz = new LessonQuiz();
  const shown = () => quiz.renderRoot.textContent ?? '';
  quiz.questions = [
    {
      question: 'One?',
      choices: [
        { text: 'a', right: false, because: 'Not a.' },
        { text: 'b', right: false, because: 'Not b.' },
        { text: 'c', right: true, because: 'It is c.' },
      ],
    },
  ];
  document.body.append(quiz);
  await quiz.updateComplete;
  quiz.renderRoot.querySelector('input')?.focus();
  await userEvent.keyboard('{ArrowDown}');
  await quiz.updateComplete;
  expect(shown()).not.toContain('Not b.');
  await userEvent.keyboard('{ArrowDown}');
  await quiz.updateComplete;
  expect(shown()).not.toContain('It is c.');
  expect(shown()).toContain(lessonText.quiz.enter);
  await userEvent.keyboard('{Enter}');
  await quiz.updateComplete;
  expect(shown()).toContain('It is c.');
  await userEvent.keyboard('{ArrowUp}');
  await quiz.updateComplete;
  expect(shown()).not.toContain('Not b.');
  await userEvent.keyboard(' ');
  await quiz.updateComplete;
  expect(shown()).toContain('Not b.');
});
