import { packTar } from 'modern-tar';
import type { BrowserLab } from '../../browser';
import { openPageEngine } from '../../page-engine';
import { atMost, type Row } from '../../row';
import { median } from '../../statistics';

const rounds = 5;
const copies = 10;

const dockerfile = [
  'FROM busybox',
  ...Array.from({ length: copies }, (_, at) => `COPY file-${at} /file-${at}`),
  'RUN cat /file-* > /all',
  'COPY changed /changed',
  'RUN wc -c /changed > /size',
  'CMD ["cat", "/size"]',
].join('\n');

/** A Dockerfile whose last COPY brings another file each time: what is before it is known, what is after it is done. */
export async function rebuild(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  const engine = await openPageEngine(page, lab.url);
  await engine.evaluate((inside) => inside.pull('busybox'));
  const build = async (changed: string) => {
    const context = await contextOf(changed);
    return engine.evaluate((inside, tar) => inside.build(tar), context);
  };
  await build('first');
  const built = [];
  for (let round = 0; round < rounds; round += 1) {
    const { done, ...times } = await build(`again ${round}`);
    const later = done.filter((step) => !step.includes('FROM'));
    if (later.length !== 3 || times.cachedMs.length !== copies + 1) {
      throw new Error(`Known were ${times.cachedMs.length} steps, done: ${done.join('; ')}`);
    }
    built.push(times);
  }
  await close();
  const cached = built.flatMap(({ cachedMs }) => cachedMs);
  const whole = built.map(({ ms }) => ms);
  return [
    {
      name: 'cached step of a rebuild',
      value: median(cached),
      unit: 'ms',
      goal: atMost(20),
      peer: `longest ${Math.max(...cached).toFixed(0)}`,
    },
    {
      name: 'rebuild with one changed COPY and a RUN after it',
      value: median(whole),
      unit: 'ms',
      peer: `${copies + 1} steps known, 3 done; in order: ${whole.map((ms) => ms.toFixed(0)).join(', ')}`,
    },
  ];
}

/** A tar in base64. */
async function contextOf(changed: string): Promise<string> {
  const file = (name: string, body: string) => ({ header: { name, size: body.length }, body });
  const files = Array.from({ length: copies }, (_, at) => file(`file-${at}`, `${at} `.repeat(5000)));
  const tar = await packTar([file('Dockerfile', dockerfile), ...files, file('changed', changed)]);
  return Buffer.from(tar).toString('base64');
}
