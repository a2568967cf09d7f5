import { describe, expect, it } from 'vitest';
import { readLesson } from '../read-lesson';
import { importKillercoda } from './import-killercoda';

const index = {
  title: 'Playing with files',
  description: 'Two steps',
  details: {
    intro: { text: 'intro.md', background: 'setup.sh' },
    steps: [{ title: 'Create', text: 'step1/text.md', verify: 'step1/verify.sh', foreground: 'step1/fg.sh' }],
    finish: { text: 'finish.md' },
    assets: { host01: [{ file: 'a', target: '/' }] },
  },
  backend: { imageid: 'ubuntu' },
};
const files = (more: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> =>
  new Map(
    Object.entries({
      'index.json': JSON.stringify(index),
      'intro.md': '<br>\n\n# Welcome\n![logo](./logo.png)',
      'setup.sh': '#!/bin/bash\nmkdir -p /work\n',
      'step1/text.md':
        'Run `touch /work/a`{{exec}} and copy `ls`{{copy}}.\n\n```plain\nls /work\n```{{exec interrupt}}\n\nThen `tail -f a`{{execute T2}}\n\nOpen [the page]({{TRAFFIC_HOST1_80}}) or [docs](https://example.com/).',
      'step1/verify.sh': '#!/bin/sh\ntest -e /work/a\n',
      'step1/fg.sh': 'cd /work',
      'finish.md': 'Done.',
      ...more,
    }),
  );

describe('a scenario of Killercoda', () => {
  const imported = importKillercoda(files());
  if ('problems' in imported) throw new Error(JSON.stringify(imported.problems));
  const read = readLesson(imported.files);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  const { lesson } = read;

  it('is a lesson with its steps, its scripts and its checks', () => {
    expect(lesson).toMatchObject({ title: 'Playing with files', summary: 'Two steps' });
    expect(lesson.lab?.instances).toMatchObject([{ kind: 'vm', name: 'host', setup: 'mkdir -p /work' }]);
    expect(lesson.steps).toMatchObject([
      { title: 'Create', checks: [{ kind: 'command', in: 'host', run: 'test -e /work/a' }] },
      { title: 'At the end', checks: [] },
    ]);
  });

  it('has its code for the terminal of the machine', () => {
    const text = imported.files.get('1.md') ?? '';
    expect(text).toContain('```sh @host\ncd /work\n```');
    expect(text).toContain('```sh @host\ntouch /work/a\n```');
    expect(text).toContain('```plain @host\nls /work\n```');
    expect(text).toContain('```sh @host:2\ntail -f a\n```');
    expect(text).toContain('copy `ls`.');
    expect(text).toContain('[docs](https://example.com/)');
    expect(text).not.toContain('{{');
  });

  it('names what was left out', () => {
    const dropped = imported.dropped.join('\n');
    for (const expected of [
      'assets',
      'backend.imageid "ubuntu"',
      '"#!/bin/bash" of setup.sh',
      'intro.md: <br>',
      'intro.md: ![logo](./logo.png)',
      '"interrupt" of {{exec interrupt}}',
      'step1/text.md: {{TRAFFIC_HOST1_80}}',
    ]) {
      expect(dropped).toContain(expected);
    }
  });

  it('keeps the words that stand in a block of HTML, and not its tags', () => {
    const more = { 'finish.md': '<br>\n> Ports speak <b>HTTP</b>\n\n<script>\nalert(1)\n</script>\n\n<<i>b>x\n' };
    const imported = importKillercoda(files(more));
    if ('problems' in imported) throw new Error(JSON.stringify(imported.problems));
    const text = imported.files.get('finish.md') ?? '';
    expect(text).toContain('\n> Ports speak HTTP\n');
    expect(text).not.toMatch(/alert|<b>/);
    expect(imported.dropped).toEqual(expect.arrayContaining(['finish.md: <br>', 'finish.md: <b>', 'finish.md: </b>']));
    expect('lesson' in readLesson(imported.files)).toBe(true);
  });

  it('of one machine to play with is a lesson without steps, and says what was left out', () => {
    const imported = importKillercoda(
      files({ 'index.json': '{"title": "Ubuntu", "time": "5 minutes", "interface": {"layout": "ide"}}' }),
    );
    if ('problems' in imported) throw new Error(JSON.stringify(imported.problems));
    expect(readLesson(imported.files)).toMatchObject({ lesson: { title: 'Ubuntu', minutes: 5, steps: [] } });
    expect(imported.dropped).toEqual(['index.json: interface, which is not taken over']);
  });

  it('with keys that nobody knows is taken, and they are named', () => {
    const more = { ...index, private: true, backend: { imageid: 'ubuntu', options: { cpus: 2 } } };
    const details = { ...index.details, extra: [], intro: { ...index.details.intro, credits: '' } };
    const imported = importKillercoda(files({ 'index.json': JSON.stringify({ ...more, details }) }));
    if ('problems' in imported) throw new Error(JSON.stringify(imported.problems));
    expect(imported.dropped).toEqual(
      expect.arrayContaining([
        'index.json: private, which is not taken over',
        'index.json, details: extra, which is not taken over',
        'intro.md: credits, which is not taken over',
        'backend.options "…": our own Linux is used, with the tools of BusyBox',
      ]),
    );
    expect(readLesson(imported.files)).toMatchObject({ lesson: { title: 'Playing with files' } });
  });

  it('keeps the text of a link to a port, wherever that stands in it', () => {
    const source =
      '[ACCESS NGINX]({{TRAFFIC_HOST1_80}}) [it]({{TRAFFIC_HOST1_80}}/x) [ask](https://a.example/?u={{HOST}}) {{HOST}}';
    const imported = importKillercoda(files({ 'finish.md': source }));
    if ('problems' in imported) throw new Error(JSON.stringify(imported.problems));
    expect(imported.files.get('finish.md')).toContain('\nACCESS NGINX it ask the published port\n');
    expect(imported.dropped).toContain('finish.md: [ACCESS NGINX]({{TRAFFIC_HOST1_80}})');
    expect('lesson' in readLesson(imported.files)).toBe(true);
  });

  it('runs a script that has a fence in it as one block of code', () => {
    const script = 'cat > a.md <<E\n```\ncode\n````\nE';
    const imported = importKillercoda(files({ 'step1/fg.sh': script }));
    if ('problems' in imported) throw new Error(JSON.stringify(imported.problems));
    expect(imported.files.get('1.md')).toContain(`\`\`\`\`\`sh @host\n${script}\n\`\`\`\`\`\n`);
  });

  it('without one of its files, or with an index that is none, is refused with the place', () => {
    expect(importKillercoda(new Map([...files()].filter(([name]) => name !== 'finish.md')))).toEqual({
      problems: [{ file: 'index.json', line: 1, column: 1, path: '', message: '"finish.md" is not in the folder' }],
    });
    expect(importKillercoda(files({ 'index.json': '{"details": {}}' }))).toMatchObject({
      problems: [{ file: 'index.json', line: 1, column: 1, message: '"title" is missing' }],
    });
  });
});
