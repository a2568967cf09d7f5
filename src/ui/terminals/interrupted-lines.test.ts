import { expect, it } from 'vitest';
import { createSettings } from '../settings';
import { InterruptedLines } from './interrupted-lines';
import { interruptedMessage } from './interrupted-message';

/** What a browser keeps over a reload. */
function storage() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
  };
}

it('knows in the next page which lines had not ended, and tells each once', () => {
  const kept = storage();
  const before = new InterruptedLines(createSettings(kept));
  const pull = before.begin('docker pull debian');
  before.begin('docker pull debian');
  before.begin('docker build .');
  pull.dispose();
  const after = new InterruptedLines(createSettings(kept));
  after.begin('vm ls').dispose();
  expect(after.take()).toEqual(['docker pull debian', 'docker build .']);
  expect(after.take()).toEqual([]);
  expect(new InterruptedLines(createSettings(kept)).take()).toEqual([]);
});

it('makes nothing of what it cannot read', () => {
  const settings = createSettings(storage());
  settings.keep('shell-running', [{ line: 'x' }, 'ls']);
  expect(new InterruptedLines(settings).take()).toEqual(['ls']);
  settings.keep('shell-running', 'ls');
  expect(new InterruptedLines(settings).take()).toEqual([]);
});

it.each([
  ['docker run --rm busybox sleep 9', 'A container that had begun goes on'],
  ['docker container exec -it web sh', 'A container that had begun goes on'],
  ['cd site && docker build -t site .', 'No image was made of it'],
  ['docker image pull debian', 'No image is there in part'],
  ['docker cp web:/etc/passwd .', 'Copy it again'],
  ['vm create', 'What it had done until then is done'],
])('says of %s what has become of it', (line, outcome) => {
  const said = interruptedMessage(line);
  expect(said.split('\n')[0]).toBe(`The page was closed or reloaded while this ran, which ended it: ${line}`);
  expect(said.split('\n')[1]).toContain(outcome);
  expect(said.split('\n')).toHaveLength(3);
});
