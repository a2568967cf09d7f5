import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock';
import { recordedIo } from '../../src/cli/command-io-fixture';
import { createCredentials } from '../../src/cli/docker/credentials';
import { dockerProgram } from '../../src/cli/docker/docker-program';
import { EngineClient } from '../../src/cli/engine/engine-client';
import { runProgram } from '../../src/cli/run-program';
import { dockerClient, type Ended, hasDockerClient, RecordedEngine } from '../support/docker-client';
import { engineAnswers } from '../support/engine-answers';

let engine: RecordedEngine;
beforeAll(async () => {
  engine = await RecordedEngine.open(engineAnswers());
});
afterAll(() => engine.close());

/** Our client over the same server: only the address differs. */
async function ours(words: readonly string[], stdin: string): Promise<Ended> {
  const recorded = recordedIo({ stdin });
  const client = new EngineClient({
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = request.body ? { body: await request.arrayBuffer() } : {};
      return fetch(`http://${engine.address}${pathname}${search}`, {
        method: request.method,
        headers: request.headers,
        ...body,
      });
    },
  });
  const context = { engine: client, io: recorded.io, clock: systemClock, credentials: createCredentials() };
  const code = await runProgram(dockerProgram, words, context, '');
  return { code, stdout: recorded.out(), stderr: recorded.err() };
}

/** Words between spaces, or between single quotes. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map((each) => each[1] ?? each[2]!);

const lines = [
  'ps',
  'ps -a',
  'ps -aq',
  'ps -a --no-trunc',
  'ps -as',
  "ps -a --format '{{.Names}}: {{.Status}}'",
  'ps -a --format \'table {{.ID}}\\t{{.Names}}\\t{{.Ports}}\\t{{.Label "tier"}}\'',
  "ps -a --format '{{.Names}} {{upper .Image}} {{.Labels}} {{.Mounts}} {{.LocalVolumes}} {{.Networks}} {{.CreatedAt}} {{.State}}'",
  "ps -a --format '{{.Names'",
  "ps -a --format '{{.Foo}}'",
  "ps -a --format '{{.Names.Foo}}'",
  "images --format 'a{{.Foo}}'",
  "volume ls --format '{{.Foo}}'",
  "network ls --format '{{.Foo}}'",
  "stats --no-stream --format '{{.Foo}}' web",
  "system df --format '{{.Foo}}'",
  "history --format '{{.Foo}}' busybox",
  'ps -a --format json',
  'images --format json',
  'volume ls --format json',
  'network ls --format json',
  'stats --no-stream --format json web',
  'system df --format json',
  'system df -v',
  'history --format json busybox',
  "inspect -f '{{.Nope}}' web web",
  'ps -n 2',
  'ps -l',
  'ps -f name=web -f status=running',
  'images',
  'images -a',
  'images -q',
  'images --no-trunc',
  'images --digests',
  "images --format '{{.Repository}}:{{.Tag}} {{.Size}} {{.CreatedSince}} {{.CreatedAt}} {{.ID}} {{.Digest}}'",
  "images --format 'table {{.Repository}}\\t{{.Size}}'",
  'images busybox',
  'history busybox',
  'history --no-trunc busybox',
  'history -q busybox',
  'history --human=false busybox',
  'volume ls',
  'volume ls -q',
  "volume ls --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{.Labels}}'",
  'network ls',
  'network ls -q',
  'network ls --no-trunc',
  "network ls --format '{{.ID}}: {{.Driver}} {{.Internal}} {{.Labels}}'",
  'inspect web',
  "inspect -f '{{.State.Status}}' web",
  "inspect -f '{{json .Config.Env}}' web",
  "inspect -f '{{range .Config.Env}}{{println .}}{{end}}' web",
  "inspect -f '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}' web",
  "inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web",
  'inspect -f \'{{index .Config.Labels "tier"}} {{len .Config.Env}}\' web',
  'inspect -f \'{{if .State.Running}}yes{{else}}no{{end}} {{printf "%s-%d" .Name .State.Pid}}\' web',
  'inspect -f \'{{with .Config.Labels}}{{.tier}}{{end}} {{join .Config.Cmd ","}} {{split .Name "/"}}\' web',
  'inspect -f \'{{and .State.Running (eq .State.Status "running")}} {{or "" "x"}} {{not true}}\' web',
  "inspect -f '{{.Nope.Nope}}' web",
  "inspect -f '{{.State' web",
  "inspect -f '{{nofunction .}}' web",
  'inspect nothing',
  'inspect web nothing',
  'container inspect nothing',
  "container inspect -f '{{.Id}}' web",
  'image inspect busybox',
  'volume inspect data',
  'network inspect lab',
  'port web',
  'port web 80',
  'port web 81/udp',
  'diff web',
  'top web',
  'top web -o pid,comm',
  'rename web www',
  'rename nothing www',
  'kill web',
  'kill -s HUP web nothing',
  'stop -t 3 web',
  'restart web',
  'pause web',
  'unpause web',
  'wait web',
  'start web nothing',
  'rm -fv web nothing',
  'update -m 64m --cpus 0.5 --restart on-failure:3 web',
  'tag busybox you/box:1',
  'rmi busybox',
  'rmi nothing',
  'commit -m hello -a me -c "ENV a=b" web you/box:2',
  'volume create data',
  'volume create --label a=b -o size=1m',
  'volume rm data nothing',
  'network create --subnet 10.9.0.0/24 --gateway 10.9.0.1 --label a=b lab',
  'network create --gateway 10.9.0.1 lab',
  'network connect --ip 10.9.0.7 --alias db lab web',
  'network disconnect -f lab web',
  'network rm lab',
  'network rm -f nothing',
  'container prune -f',
  'volume prune -af',
  'network prune -f',
  'image prune -af',
  'system df',
  "system df --format '{{.Type}} {{.Reclaimable}}'",
  'stats --no-stream web',
  "stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.NetIO}} {{.PIDs}}' web",
  'events --until 1700000100',
  "events --until 1700000100 --format '{{.Type}} {{.Action}} {{.Actor.ID}}'",
  'pull busybox',
  'pull -q busybox',
  'pull nothing',
  'push you/box:1',
  'create --name x busybox ls -l',
  'create nothing',
  'run -d busybox',
  'run -d broken',
  'run -d notfound',
  'run -d denied',
  'run -d nothing',
  'exec nothing ls',
  'exec -d web sleep 5',
  'logs nothing',
  'logs web',
  'logs --tail 5 -t web',
  'attach stopped',
];

describe.skipIf(!hasDockerClient)('of what an engine says', () => {
  it.each(lines)('docker %s makes what docker’s own client makes', async (line) => {
    const words = wordsOf(line);
    engine.asked.length = 0;
    const theirs = await dockerClient(words, { host: `tcp://${engine.address}` });
    const askedByThem = engine.asked.splice(0);
    const mine = await ours(words, '');
    const askedByUs = engine.asked.splice(0);
    expect(mine.stdout).toBe(theirs.stdout);
    expect(mine.stderr).toBe(theirs.stderr);
    expect(mine.code).toBe(theirs.code);
    const changes = (asked: typeof askedByThem) =>
      asked.filter(({ method, path }) => method !== 'GET' && !/\/wait$/.test(path));
    expect(
      changes(askedByUs)
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    ).toEqual(
      changes(askedByThem)
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    );
  });
});
