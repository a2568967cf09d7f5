import { signal } from '@preact/signals-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventMessage, EventOptions } from '../../api/container-event';
import { eventually } from '../../base/eventually-fixture';
import type { InstanceRecord, LabAction } from '../../engine/instance-record';
import type { TaskRecord } from '../../engine/tasks';
import type { ContainerShelf } from '../containers/container-shelf';
import { eventLimit, LabEventLog } from './lab-event-log';

const task = (id: string, state: TaskRecord['state'], more: Partial<TaskRecord<LabAction>> = {}) => ({
  id,
  kind: 'start' as const,
  subject: 'web',
  state,
  startedAt: 10,
  phases: [],
  cancelable: false,
  ...more,
});

const instance = (phase: InstanceRecord['state']['phase'], more: object = {}) =>
  ({ id: 'a', name: 'web', spec: { kind: 'vm', containerHost: false }, state: { phase, since: 20 }, ...more }) as never;

describe('the event log', () => {
  const tasks = signal<readonly TaskRecord<LabAction>[]>([]);
  const instances = signal<readonly InstanceRecord[]>([]);
  const now = signal(99);
  let told: ReadableStreamDefaultController<EventMessage>;
  let asked: EventOptions | undefined;
  let stopped = false;
  let log: LabEventLog;

  beforeEach(() => {
    tasks.value = [];
    instances.value = [];
    stopped = false;
    const events = (options: EventOptions) => {
      asked = options;
      return new ReadableStream<EventMessage>({
        start: (controller) => {
          told = controller;
        },
        cancel: () => {
          stopped = true;
        },
      });
    };
    const engine = { events } as unknown as ContainerShelf['engine'];
    log = new LabEventLog({ tasks, instances, now, parts: { containers: { get: async () => ({ engine }) } } });
  });
  afterEach(() => log.dispose());

  const lines = () =>
    log.events.value.map(({ at, subject, number: _, ...what }) => [at, subject, ...Object.values(what)]);

  it('has each task as it begins and as it ends, with what went wrong', () => {
    tasks.value = [task('1', 'running')];
    tasks.value = [task('2', 'running'), task('1', 'running')];
    const error = { code: 'Internal', message: 'No more', details: {} } as const;
    tasks.value = [task('2', 'failed', { endedAt: 15, error }), task('1', 'succeeded', { endedAt: 12 })];
    expect(lines()).toEqual([
      [10, 'web', 'task', 'start', 'running'],
      [10, 'web', 'task', 'start', 'running'],
      [12, 'web', 'task', 'start', 'succeeded'],
      [15, 'web', 'task', 'start', 'failed', 'No more'],
    ]);
  });

  it('has each state of an instance once, and its end', () => {
    instances.value = [instance('starting')];
    instances.value = [instance('starting', { name: 'shop' })];
    const state = { phase: 'failed', since: 30, error: { code: 'Internal', message: 'No boot' } };
    instances.value = [instance('failed', { name: 'shop', state })];
    instances.value = [];
    expect(lines()).toEqual([
      [20, 'web', 'instance', 'starting'],
      [30, 'shop', 'instance', 'failed', 'No boot'],
      [99, 'shop', 'instance', 'removed'],
    ]);
  });

  it('has what the container engine tells, from the first host on and as long as it is followed', async () => {
    instances.value = [instance('running', { spec: { kind: 'vm', containerHost: true } })];
    await eventually(() => expect(told).toBeDefined());
    // What health checks run would push everything else out.
    expect(asked).toEqual({ since: 0, withoutHealthChecks: true });
    const Actor = { ID: 'abcdef0123456789', Attributes: { name: 'shop' } };
    told.enqueue({ Type: 'container', Action: 'start', Actor, scope: 'local', time: 1, timeNano: 1.5e9 });
    told.enqueue({
      Type: 'image',
      Action: 'pull',
      Actor: { ...Actor, Attributes: {} },
      scope: 'local',
      time: 2,
      timeNano: 2e9,
    });
    const script = `exec_create: sh -c ${'x'.repeat(300)}`;
    told.enqueue({ Type: 'container', Action: script, Actor, scope: 'local', time: 3, timeNano: 3e9 });
    told.enqueue({ Type: 'container', Action: 'exec_start: a\nb', Actor, scope: 'local', time: 4, timeNano: 4e9 });
    await eventually(() => expect(log.events.value).toHaveLength(5));
    expect(lines().slice(1)).toEqual([
      [1500, 'shop', 'engine', 'container', 'start'],
      [2000, 'abcdef012345', 'engine', 'image', 'pull'],
      [3000, 'shop', 'engine', 'container', `${script.slice(0, 160)}…`],
      [4000, 'shop', 'engine', 'container', 'exec_start: a…'],
    ]);
    log.dispose();
    await eventually(() => expect(stopped).toBe(true));
  });

  it('is in the order in which things happened, whenever they are heard of', () => {
    instances.value = [instance('running', { state: { phase: 'running', since: 50 } })];
    tasks.value = [task('2', 'running', { startedAt: 50 }), task('1', 'succeeded', { startedAt: 5, endedAt: 40 })];
    instances.value = [instance('paused', { state: { phase: 'paused', since: 45 } })];
    expect(log.events.value.map(({ at, number }) => [at, number])).toEqual([
      [40, 2],
      [45, 4],
      [50, 1],
      [50, 3],
    ]);
  });

  it('keeps the newest', () => {
    for (let round = 0; round < eventLimit + 7; round += 1)
      instances.value = [instance(round % 2 ? 'running' : 'paused')];
    expect(log.events.value).toHaveLength(eventLimit);
    expect(log.events.value[0]?.number).toBe(8);
  });
});
