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

it('tell of a file that is damaged to copy it again, and of what is fetched to try again', () => {
  const error = { code: 'DataLoss', message: 'Cut', details: {} } as const;
  for (const kind of ['open', 'load', 'import'] as const) {
    expect(bodyOf(kind, error)).toMatch(/^Cut\. Copy the file again/);
    expect(bodyOf(kind, error)).not.toContain(text.next.DataLoss);
  }
  expect(bodyOf('start', error)).toBe(`Cut. ${text.next.DataLoss}`);
});
