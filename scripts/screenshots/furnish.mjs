/**
 * Run in the page: what there is in the pictures. A web service and its client that asks it every second, an echo and a service that
 * sleeps on a network of their own, a container that has changed its files and an image of it, a volume, a folder and a snapshot.
 */
export const furnish = `(async () => {
  const { lab, engine } = strata;
  // On a machine that is busy with other things the store may be taken for dead, and a host does not come up in time.
  const patiently = async (work, left = 5) => {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
      return patiently(work, left - 1);
    }
  };
  const start = (draft) =>
    patiently(async () => {
      const known = lab.list().find(({ name }) => name === draft.name);
      const { id } = known ?? (await lab.create(draft));
      await lab.start(id).finished;
      return id;
    });
  await patiently(() => lab.createNetwork({ name: 'backend', subnet: '10.1.0.0/24', mtu: 1500 }));
  const unikernel = { kind: 'unikernel', args: [], config: {}, memoryMiB: 16, addressing: 'static' };
  const httpd = { ...unikernel, image: 'strata/unikernel-httpd:1', config: { '/www/index.html': '<h1>Hello</h1>' } };
  const backend = [{ network: 'backend' }];
  await start({ ...httpd, name: 'web' });
  await start({ ...unikernel, name: 'echo', image: 'strata/unikernel-echo:1', nics: backend });
  await start({ ...httpd, name: 'report', nics: backend, onDemand: { idleMs: 2000 } });
  const client = await start({ kind: 'vm', name: 'client', memoryMiB: 64, devices: 'virtio', containerHost: false });
  await patiently(() => lab.snapshot(client, { name: 'Before the lecture', notes: 'Nothing installed yet' }).finished);
  const asking = ['/bin/sh', '-c', 'while sleep 1; do wget -qO /dev/null http://web/; done'];
  await lab.instance(client).exec({ argv: asking });
  await patiently(async () => (await lab.volumes()).create({ name: 'data', sizeMiB: 64, format: 'ext4' }));
  const folders = await lab.folders();
  await folders.create('shared');
  const folder = await folders.open('shared');
  await folder.write('/readme.txt', new TextEncoder().encode('For all machines that have this folder.\\n'));
  folder.dispose();
  const ask = async (method, path, body) => {
    const headers = { 'content-type': 'application/json' };
    const init = body ? { method, headers, body: JSON.stringify(body) } : { method };
    const answer = await engine.fetch(new Request('http://engine/v1.47' + path, init));
    const text = await answer.text();
    if (!answer.ok && answer.status !== 304) throw new Error(method + ' ' + path + ': ' + text);
    return text;
  };
  await patiently(() => ask('POST', '/images/create?fromImage=busybox&tag=latest'));
  const lines = [
    'mkdir -p /srv/www',
    'echo "Hello from a layer of its own" > /srv/www/index.html',
    'rm /bin/vi',
    'touch /srv/ready',
    'i=0; while sleep 2; do i=$((i+1)); echo "request $i served"; done',
  ];
  const { Id } = JSON.parse(
    await ask('POST', '/containers/create?name=counter', {
      Image: 'busybox',
      Cmd: ['sh', '-c', lines.join('; ')],
      Healthcheck: { Test: ['CMD', 'test', '-f', '/srv/ready'], Interval: 2e9 },
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 } },
    }),
  );
  await patiently(() => ask('POST', '/containers/' + Id + '/start'));
  while (JSON.parse(await ask('GET', '/containers/' + Id + '/json')).State.Health.Status !== 'healthy') {
    await new Promise((later) => setTimeout(later, 500));
  }
  await patiently(() => ask('POST', '/commit?container=counter&repo=localhost/counter&tag=1'));
})()`;
