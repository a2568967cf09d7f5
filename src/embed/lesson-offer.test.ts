import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { planFacts } from '../embed-facts';
import { embedText } from '../ui/text/embed';
import { fetchLessonOffer } from './lesson-offer';
import { readPlan } from './read-plan';

const lessons = new URL('../../public/lessons/', import.meta.url);

/** As a server has them: the lessons that come with the page, without `missing`. */
const offer = (id: string, missing = 'nothing') =>
  fetchLessonOffer(id, {
    async fetchFile(path) {
      if (path.endsWith(missing)) return new Response('', { status: 404 });
      return new Response(await readFile(new URL(path, lessons)));
    },
    facts: async (text) => planFacts(await readPlan(text, embedText.home)),
    words: embedText.lesson,
  });

describe('a lesson on offer', () => {
  it('says what its lab makes, the memory it takes, the images it fetches and the commands it runs', async () => {
    const { title, about, facts } = await offer('08-unikernels');
    expect(title).toBe('Unikernels');
    expect(about).toMatch(/ \(\d+ min\)$/);
    expect(facts).toEqual([
      { term: 'It makes', details: ['1 machine, 2 unikernels'] },
      { term: 'Memory, at most', details: ['96 MB'] },
      { term: 'Images, fetched if they are not here', details: ['strata/unikernel-hello:1, strata/unikernel-httpd:1'] },
    ]);
    const { facts: compared } = await offer('10-compared');
    expect(compared).toContainEqual({
      term: 'Runs by itself',
      details: [expect.stringContaining('in ')],
      lines: expect.stringContaining('httpd -p 80'),
    });
  });

  it('has none of that where its lab is made later', async () => {
    const { title, facts } = await offer('06-images');
    expect([title, facts]).toEqual([expect.stringMatching(/mage/), []]);
  });

  it('is there without what cannot be had', async () => {
    expect(await offer('08-unikernels', 'lab.yaml')).toMatchObject({ title: 'Unikernels', facts: [] });
    expect(await offer('08-unikernels', 'index.json')).toEqual({
      title: 'The lesson unikernels',
      about: '',
      facts: [],
    });
  });

  it('is none where the list has none of the name', async () => {
    await expect(offer('nope')).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining('There is no lesson "nope". There are: 01-cloud'),
    });
  });
});
