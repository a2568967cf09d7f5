import { describe, expect, it } from 'vitest';
import { settle } from '../base/fake-clock';
import { openTestLab as setUp } from './lab-fixture';

const draft = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;

describe('creating an instance', () => {
  it('gives the lowest free name', async () => {
    const { lab, clock } = await setUp();
    const first = await lab.create(draft);
    expect(first.name).toBe('vm-1');
    expect((await lab.create(draft)).name).toBe('vm-2');
    const removal = lab.remove(first.id);
    await clock.advance(8000);
    await removal.finished;
    expect((await lab.create(draft)).name).toBe('vm-1');
  });

  it('refuses a name that is taken, by name', async () => {
    const { lab } = await setUp();
    await lab.create({ ...draft, name: 'web' });
    await expect(lab.create({ ...draft, name: 'web' })).rejects.toThrow('The name "web" is already in use');
  });

  it.each(['', 'Web', '-a', 'a-', 'a b', 'a.b', '../x', 'é', 'a'.repeat(64), 'a\n'])(
    'refuses %j as a name',
    async (name) => {
      const { lab } = await setUp();
      await expect(lab.create({ ...draft, name })).rejects.toThrow(/Invalid name/);
      expect(lab.list()).toEqual([]);
    },
  );

  it.each(['a', '7', 'web-1', 'a'.repeat(63)])('takes %j as a name', async (name) => {
    const { lab } = await setUp();
    expect((await lab.create({ ...draft, name })).name).toBe(name);
  });

  it('says what the driver finds wrong and makes nothing', async () => {
    const { lab, driver } = await setUp();
    driver.problems = [{ field: 'memoryMiB', message: 'Memory of 8 MiB is less than 32 MiB' }];
    await expect(lab.create(draft)).rejects.toThrow('Memory of 8 MiB is less than 32 MiB');
    expect(driver.made).toEqual([]);
  });

  it('stops at 256 instances', async () => {
    const { lab } = await setUp();
    for (let index = 0; index < 256; index += 1) await lab.create(draft);
    await expect(lab.create(draft)).rejects.toThrow('There are 256 instances already');
  });
});

describe('an action', () => {
  it('runs as a task that shows in the record while it lasts', async () => {
    const { lab, driver } = await setUp();
    const { id } = await lab.create(draft);
    const gate = driver.at(0).holdStart();
    const task = lab.start(id);
    await settle();
    expect(lab.list()[0]).toMatchObject({ state: { phase: 'starting' }, task: { id: task.id, action: 'start' } });
    gate.resolve();
    await task.finished;
    expect(lab.list()[0]?.state.phase).toBe('running');
    expect(lab.list()[0]?.task).toBeUndefined();
    expect(lab.tasks.get(task.id).phases.map((phase) => phase.name)).toEqual(['Fetching', 'Restoring']);
  });

  it('is refused while another is at work on the same instance', async () => {
    const { lab, driver } = await setUp();
    const { id } = await lab.create(draft);
    const gate = driver.at(0).holdStart();
    const task = lab.start(id);
    expect(() => lab.stop(id)).toThrow('vm-1 is busy (start): wait for that, or cancel it first');
    gate.resolve();
    await task.finished;
    await lab.stop(id).finished;
    expect(lab.list()[0]?.state.phase).toBe('stopped');
  });

  it('can be canceled when it is a start', async () => {
    const { lab, driver } = await setUp();
    const { id } = await lab.create(draft);
    driver.at(0).holdStart();
    const task = lab.start(id);
    await settle();
    task.cancel();
    await expect(task.finished).rejects.toMatchObject({ code: 'Canceled' });
    expect(lab.tasks.get(task.id).state).toBe('canceled');
    expect(lab.list()[0]?.task).toBeUndefined();
  });

  it('kill takes over from a start that does not end', async () => {
    const { lab, driver } = await setUp();
    const { id } = await lab.create(draft);
    driver.at(0).holdStart();
    const start = lab.start(id);
    await settle();
    await lab.kill(id).finished;
    await expect(start.finished).rejects.toMatchObject({ code: 'Canceled' });
    expect(lab.tasks.get(start.id).state).toBe('canceled');
    expect(lab.list()[0]?.task).toBeUndefined();
  });

  it('start asks the driver again, as memory may have gone meanwhile', async () => {
    const { lab, driver } = await setUp();
    const { id } = await lab.create(draft);
    driver.problems = [{ field: 'memoryMiB', message: 'Not enough memory for one more' }];
    await expect(lab.start(id).finished).rejects.toThrow('Not enough memory for one more');
    expect(driver.at(0).state.phase).toBe('created');
  });

  it('on an instance that does not exist says so', async () => {
    const { lab } = await setUp();
    for (const act of ['start', 'stop', 'kill', 'pause', 'resume', 'reset', 'remove'] as const) {
      expect(() => lab[act]('id-9')).toThrow('No such instance: id-9');
    }
  });
});

describe('the time an instance is running', () => {
  it('goes on over a pause and begins anew with a reset', async () => {
    const { lab, clock } = await setUp();
    const { id } = await lab.create(draft);
    await lab.start(id).finished;
    await clock.advance(500);
    await lab.pause(id).finished;
    await clock.advance(500);
    await lab.resume(id).finished;
    expect(lab.list()[0]?.runningSince).toBe(1000);
    await lab.reset(id).finished;
    expect(lab.list()[0]?.runningSince).toBe(2000);
    await lab.stop(id).finished;
    expect(lab.list()[0]?.runningSince).toBeUndefined();
  });
});

describe('removing an instance', () => {
  it('pauses it, waits the time of grace, then ends it and forgets it', async () => {
    const { lab, driver, clock } = await setUp();
    const { id } = await lab.create(draft);
    await lab.start(id).finished;
    const removal = lab.remove(id);
    await clock.advance(7999);
    expect(driver.at(0).state.phase).toBe('paused');
    expect(lab.list()).toHaveLength(1);
    await clock.advance(1);
    await removal.finished;
    expect(lab.list()).toEqual([]);
    expect(driver.at(0).disposed).toBe(true);
    expect(driver.at(0).listenerCount).toBe(0);
  });

  it('can be undone in that time, and the machine runs on', async () => {
    const { lab, driver, clock } = await setUp();
    const { id } = await lab.create(draft);
    await lab.start(id).finished;
    const pending = clock.pending;
    const removal = lab.remove(id);
    await clock.advance(3000);
    removal.cancel();
    await expect(removal.finished).rejects.toMatchObject({ code: 'Canceled' });
    expect(driver.at(0).state.phase).toBe('running');
    expect(driver.at(0).disposed).toBe(false);
    expect(clock.pending).toBe(pending);
  });

  it('is not cut short by a kill or a second removal', async () => {
    const { lab } = await setUp();
    const { id } = await lab.create(draft);
    lab.remove(id);
    expect(() => lab.kill(id)).toThrow('vm-1 is being removed: undo that first');
    expect(() => lab.remove(id)).toThrow('vm-1 is being removed: undo that first');
  });
});

describe('the lab', () => {
  it('tells every change with all records', async () => {
    const { lab } = await setUp();
    const phases: string[] = [];
    lab.changes((records) => phases.push(records.map((record) => record.state.phase).join()));
    const { id } = await lab.create(draft);
    await lab.start(id).finished;
    expect(phases[0]).toBe('created');
    expect(phases).toContain('starting');
    expect(phases.at(-1)).toBe('running');
  });

  it('ends every machine when it is closed', async () => {
    const { lab, driver } = await setUp();
    await lab.create(draft);
    await lab.create(draft);
    await lab.close();
    expect(driver.made.every((instance) => instance.disposed && instance.listenerCount === 0)).toBe(true);
  });
});

describe('published ports', () => {
  it('are kept with the instance, in order and once, until they are taken back', async () => {
    const { lab, storage } = await setUp();
    const { id } = await lab.create(draft);
    await Promise.all([8080, 80, 8080].map((port) => lab.publish(id, port)));
    expect(lab.list()[0]?.ports).toEqual([80, 8080]);
    const again = (await setUp(storage)).lab;
    expect(again.list()[0]?.ports).toEqual([80, 8080]);
    await again.unpublish(id, 80);
    await again.unpublish(id, 443);
    expect(again.list()[0]?.ports).toEqual([8080]);
  });

  it.each([0, -1, 65_536, 80.5, Number.NaN])('are numbers from 1 to 65535, and %s is none', async (port) => {
    const { lab } = await setUp();
    const { id } = await lab.create(draft);
    await expect(lab.publish(id, port)).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(lab.list()[0]?.ports).toEqual([]);
  });

  it('are 32 at most', async () => {
    const { lab } = await setUp();
    const { id } = await lab.create(draft);
    for (let port = 1; port <= 32; port += 1) await lab.publish(id, port);
    await expect(lab.publish(id, 33)).rejects.toMatchObject({ code: 'ResourceExhausted' });
    await expect(lab.publish('none', 80)).rejects.toMatchObject({ code: 'NotFound' });
  });
});
