import { expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import type { LabAction } from '../../engine/instance-record';
import type { TaskId, TaskRecord } from '../../engine/tasks';
import { text } from '../text';
import { Messages } from './messages';

function bodyOf(kind: LabAction, error: NonNullable<TaskRecord<LabAction>['error']>): string | undefined {
  const messages = new Messages(new FakeClock());
  const task = { id: 'a' as TaskId, kind, subject: 'lab.tar', state: 'failed', error } as TaskRecord<LabAction>;
  messages.taskEnded(task);
  return messages.toasts.value[0]?.body;
}

const failed = (kind: LabAction, subject: string, id = 'a') =>
  ({
    id,
    kind,
    subject,
    state: 'failed',
    error: { code: 'Internal', message: 'Broken', details: {} },
  }) as unknown as TaskRecord<LabAction>;
const done = (kind: LabAction, subject: string) =>
  ({ id: 'b', kind, subject, state: 'succeeded' }) as unknown as TaskRecord<LabAction>;

it('tell of the same failure once, last', () => {
  const messages = new Messages(new FakeClock());
  for (const name of ['web', 'db', 'web', 'web']) messages.taskEnded(failed('start', name));
  expect(messages.toasts.value.map(({ title }) => title)).toEqual(['Could not start db', 'Could not start web']);
});

it('tell of a failure until it has gone well, what it was of is removed, or a minute later, unless it is being read', async () => {
  const clock = new FakeClock();
  const messages = new Messages(clock);
  const titles = () => messages.toasts.value.map(({ title }) => title);
  messages.taskEnded(failed('start', 'web'));
  messages.taskEnded(failed('rename', 'db'));
  messages.taskEnded(done('stop', 'web'));
  expect(titles()).toHaveLength(2);
  messages.taskEnded(done('start', 'web'));
  expect(titles()).toEqual(['Could not rename db']);
  messages.taskEnded(done('remove', 'db'));
  expect(titles()).toEqual([]);
  let isRead = true;
  messages.readBy(() => isRead);
  messages.report('Not fetched', new Error('Broken'));
  await clock.advance(90_000);
  expect(titles()).toEqual(['Not fetched']);
  isRead = false;
  await clock.advance(10_000);
  expect(titles()).toEqual([]);
});

it('tell of a file that is damaged to copy it again, and of what is fetched to try again', () => {
  const error = { code: 'DataLoss', message: 'Cut', details: {} } as const;
  for (const kind of ['open', 'load', 'import'] as const) {
    expect(bodyOf(kind, error)).toMatch(/^Cut\. Copy the file again/);
    expect(bodyOf(kind, error)).not.toContain(text.next.DataLoss);
  }
  expect(bodyOf('start', error)).toBe(`Cut. ${text.next.DataLoss}`);
});
