import { describe, expect, it } from 'vitest';
import { settle } from '../../base/fake-clock';
import { hostDraft } from '../../engine/host-draft';
import { openTestLab } from '../../engine/lab-fixture';
import { recordedIo } from '../command-io-fixture';
import { builtins } from '../shell/builtins/builtins';
import { runLine } from '../shell/run-line';
import { createShellState } from '../shell/shell';
import { labShell } from './lab-shell';

async function labWithShell() {
  const { lab, clock } = await openTestLab();
  const shell = createShellState([...builtins, ...labShell(lab, clock)], clock);
  const run = async (line: string) => {
    const recorded = recordedIo();
    const running = runLine(line, shell, recorded.io);
    await settle();
    const code = await running;
    return { code, out: recorded.out(), err: recorded.err() };
  };
  return { lab, clock, run, shell };
}

describe('the commands of the lab', () => {
  it('make a machine, list it, end it and remove it', async () => {
    const { lab, clock, run } = await labWithShell();
    expect(await run('vm create web')).toEqual({ code: 0, out: 'web\n', err: '' });
    const [record] = lab.list();
    await clock.advance(65_000);
    const { out } = await run('vm ls');
    expect(out.split('\n')[0]).toMatch(/^ID +NAME +STATUS +ADDRESS +NETWORK$/);
    expect(out.split('\n')[1]).toMatch(new RegExp(`^${record!.id} +web +Up About a minute`));
    expect((await run('vm ls -q | wc -l')).out).toBe('1\n');
    expect((await run("vm ls --format '{{.Name}} {{.State}} {{.Memory}}'")).out).toBe('web running 64MiB\n');
    expect(await run('vm kill web')).toEqual({ code: 0, out: 'web\n', err: '' });
    expect((await run("vm ls --format '{{.Name}} {{.State}}'")).out).toBe('web stopped\n');
    expect((await run(`vm start ${record!.id.slice(0, 6)}`)).code).toBe(0);
  });

  it('do not remove a machine that runs, unless by force', async () => {
    const { lab, clock, run } = await labWithShell();
    // As long as it can be undone, it has not been removed.
    const runOut = async (line: string) => {
      const running = run(line);
      await clock.advance(8000);
      return running;
    };
    await run('vm create web');
    const how = 'stop the vm before removing or force remove';
    expect(await run('vm rm web')).toEqual({
      code: 1,
      out: '',
      err: `cannot remove vm "web": vm is running: ${how}\n`,
    });
    await run('vm pause web');
    expect((await run('vm rm web')).err).toBe(`cannot remove vm "web": vm is paused: ${how}\n`);
    expect(lab.list()).toHaveLength(1);
    expect(await runOut('vm rm -f web')).toEqual({ code: 0, out: 'web\n', err: '' });
    await run('vm create --no-start idle');
    expect(await runOut('vm rm idle')).toEqual({ code: 0, out: 'idle\n', err: '' });
    expect(lab.list()).toEqual([]);
  });

  it.each([
    ['vm start nobody', 'No such vm: nobody\n', 1],
    [
      'vm strat x',
      "vm: unknown command: vm strat\n\nDid you mean 'vm start'?\n\nRun 'vm --help' for more information\n",
      1,
    ],
    [
      'vm start',
      "vm: 'vm start' requires at least 1 argument\n\nUsage:  vm start VM [VM...]\n\nSee 'vm start --help' for more information\n",
      1,
    ],
    [
      'unikernel exec x',
      "unikernel: unknown command: unikernel exec\n\nThere is one program in a unikernel, and no shell.\n\nRun 'unikernel --help' for more information\n",
      1,
    ],
    ['host start nobody', 'No such host: nobody\n', 1],
    [
      'host exec one',
      'host: unknown command: host exec\n\nA host is a machine: "vm exec HOST COMMAND" runs a command in it, outside of its containers.\n\nRun \'host --help\' for more information\n',
      1,
    ],
    ['net inspect nowhere', 'No such network: nowhere\n', 1],
    ['net create lab', 'a network needs a subnet: net create --subnet 10.5.0.0/24 NAME\n', 1],
  ])('%s goes wrong in plain words', async (line, err, code) => {
    const { run } = await labWithShell();
    const ended = await run(line);
    expect(ended.err).toBe(err);
    expect(ended.code).toBe(code);
  });

  it('leave a container host whose containers and volumes would go with it, and say how it goes', async () => {
    const { lab, clock } = await openTestLab();
    // Without the lab's shared folder, and with a disk that needs no template.
    const { shares = [], disks = [], ...shape } = hostDraft({ name: 'host-1' });
    const { id } = await lab.create({
      ...shape,
      shares: shares.filter((share) => 'layerStore' in share),
      disks: disks.map(({ format: _, ...disk }) => disk),
    });
    const removed: string[] = [];
    let volumes = [{ Name: 'data', Status: { Host: 'host-1' } }];
    const commands = Object.assign(Object.create(lab), {
      list: () => lab.list(),
      containers: async () => ({
        list: () => [],
        placements: { hostOf: () => undefined },
        volumes: { list: async () => volumes },
      }),
      remove: (each: string) => {
        removed.push(each);
        return { finished: Promise.resolve() };
      },
    });
    const shell = createShellState([...builtins, ...labShell(commands, clock)], clock);
    const run = async () => {
      const recorded = recordedIo();
      return { code: await runLine('vm rm host-1', shell, recorded.io), err: recorded.err() };
    };
    const how = 'remove them first, or all of it with "host rm --force host-1"';
    expect(await run()).toEqual({ code: 1, err: `host host-1 has volume data: ${how}\n` });
    expect(removed).toEqual([]);
    volumes = [];
    expect(await run()).toEqual({ code: 0, err: '' });
    expect(removed).toEqual([id]);
  });

  it('make networks and say who is on them', async () => {
    const { run } = await labWithShell();
    await run('net create --subnet 10.7.0.0/24 lab');
    await run('vm create --network lab --no-start web');
    const { out } = await run("net inspect -f '{{range .stations}}{{.instance}} {{.address}} {{.state}}{{end}}' lab");
    expect(out).toMatch(/^web 10\.7\.0\.\d+ created\n$/);
    expect((await run("net ls --format '{{.Name}} {{.Subnet}}' | grep lab")).out).toBe('lab 10.7.0.0/24\n');
  });
});
