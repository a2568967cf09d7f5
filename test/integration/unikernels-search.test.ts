import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskId } from '../../src/api/disk';
import type { UnikernelInstance } from '../../src/runtime/unikernel/unikernel-instance';
import { bm25, type Corpus, type Hit, ranked } from '../support/bm25';
import { ConsoleReader } from '../support/node-lab';
import { createUnikernelLab, httpRequest, readHttpAnswer, type UnikernelLab } from '../support/unikernel-lab';

let lab: UnikernelLab;
beforeEach(async () => {
  lab = await createUnikernelLab();
});
afterEach(() => lab.dispose());

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into as they come
type Json = any;

interface Answer {
  readonly status: number;
  readonly json: Json;
  readonly text: string;
}

interface Engine {
  readonly instance: UnikernelInstance;
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
}

async function start(disk: DiskId, memoryMiB = 16): Promise<Engine> {
  const station = lab.tender.wire.station('search', { disks: [disk] });
  const instance = await lab.start('search', { memoryMiB, disks: [{ sizeMiB: 1 }] }, station);
  return {
    instance,
    async ask(method, path, body) {
      const sent = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
      const { status, body: text } = readHttpAnswer(
        await lab.ask(station.address, httpRequest(method, path, sent, ['Content-Type: application/json']), 9200),
      );
      return { status, text, json: /^[{[]/.test(text) ? JSON.parse(text) : undefined };
    },
  };
}

const startOnDisk = async (sizeMiB: number, memoryMiB?: number): Promise<Engine> =>
  start((await lab.tender.wire.disks.create({ sizeMiB })).id, memoryMiB);

/** Lines of a bulk request that puts these documents. */
const bulkOf = (documents: ReadonlyMap<string, unknown>): string =>
  [...documents]
    .map(([id, document]) => `${JSON.stringify({ index: { _id: id } })}\n${JSON.stringify(document)}\n`)
    .join('');

const hitsOf = ({ json }: Answer): readonly Hit[] =>
  json.hits.hits.map(({ _id, _score }: { _id: string; _score: number }) => ({ id: _id, score: _score }));

function expectHits(answer: Answer, expected: readonly Hit[]): void {
  expect(answer.status).toBe(200);
  const found = hitsOf(answer);
  expect(found.map(({ id }) => id)).toEqual(expected.slice(0, found.length).map(({ id }) => id));
  for (const [index, { score }] of found.entries()) {
    expect(Math.abs(score / (expected[index]?.score ?? 0) - 1)).toBeLessThan(1e-6);
  }
  expect(answer.json.hits.total).toEqual({ value: expected.length, relation: 'eq' });
}

describe('search', () => {
  it('knows what people type with curl', async () => {
    const { ask } = await startOnDisk(1);
    expect((await ask('GET', '/')).json).toMatchObject({ name: 'search', tagline: 'You Know, for Search' });
    expect((await ask('GET', '/_cluster/health')).json).toMatchObject({ status: 'green', number_of_nodes: 1 });
    expect(await ask('PUT', '/books/_doc/1', { title: 'The Left Hand of Darkness', year: 1969 })).toMatchObject({
      status: 201,
      json: { _index: 'books', _id: '1', _version: 1, result: 'created', _seq_no: 0 },
    });
    expect(
      await ask('PUT', '/books/_doc/1', { title: 'The Left Hand of Darkness', year: 1969, read: true }),
    ).toMatchObject({
      status: 200,
      json: { _version: 2, result: 'updated', _seq_no: 1 },
    });
    expect((await ask('GET', '/books/_doc/1')).json).toEqual({
      _index: 'books',
      _id: '1',
      _version: 2,
      _seq_no: 1,
      _primary_term: 1,
      found: true,
      _source: { title: 'The Left Hand of Darkness', year: 1969, read: true },
    });
    expect((await ask('GET', '/books/_source/1')).json.year).toBe(1969);
    expect(await ask('HEAD', '/books/_doc/1')).toMatchObject({ status: 200, text: '' });
    expect(await ask('HEAD', '/books/_doc/2')).toMatchObject({ status: 404, text: '' });
    expect(await ask('GET', '/books/_doc/2')).toMatchObject({ status: 404, json: { found: false } });
    const made = await ask('POST', '/books/_doc', { title: 'Kindred', author: { name: 'Octavia E. Butler' } });
    expect(made).toMatchObject({ status: 201, json: { _id: expect.stringMatching(/^[\w-]{20}$/) } });
    expect(await ask('PUT', '/books/_create/1', { title: 'x' })).toMatchObject({
      status: 409,
      json: { error: { type: 'version_conflict_engine_exception' }, status: 409 },
    });
    expect((await ask('PUT', '/books/_doc/1?op_type=create', { title: 'x' })).status).toBe(409);
    expect((await ask('POST', '/books/_refresh')).json).toEqual({
      _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
    });
    // One document with the field, of one word that is found once: what Elasticsearch answers, too.
    await ask('PUT', '/one/_doc/1', { word: 'hello' });
    expect((await ask('GET', '/one/_search?q=hello')).json).toMatchObject({
      timed_out: false,
      hits: {
        max_score: 0.2876821,
        hits: [{ _index: 'one', _id: '1', _score: 0.2876821, _source: { word: 'hello' } }],
      },
    });
    const found = async (path: string, body?: unknown): Promise<readonly string[]> =>
      hitsOf(await ask('GET', path, body)).map(({ id }) => id);
    expect(await found('/books/_search?q=author.name:butler')).toEqual([made.json._id]);
    expect(await found('/books/_search?q=hand+AND+darkness')).toEqual(['1']);
    expect(await found('/books/_search?q=hand+-darkness')).toEqual([]);
    expect(await found('/books/_search?q=%2Bhand+nothing')).toEqual(['1']);
    expect(await found('/books/_search?q=*:*')).toHaveLength(2);
    expect(await found('/_search?q=hello')).toEqual(['1']);
    expect(await found('/b*,one/_search')).toHaveLength(3);
    expect(await found('/books/_search', { query: { term: { year: 1.969e3 } } })).toEqual(['1']);
    expect(await found('/books/_search', { query: { term: { read: true } } })).toEqual(['1']);
    expect(await found('/books/_search', { query: { term: { 'title.keyword': 'Kindred' } } })).toEqual([made.json._id]);
    expect(await found('/books/_search', { query: { term: { title: 'Kindred' } } })).toEqual([]);
    expect(await found('/books/_search', { query: { terms: { year: [1, 1969] } } })).toEqual(['1']);
    expect((await ask('POST', '/books/_count', { query: { match: { title: 'left' } } })).json.count).toBe(1);
    expect((await ask('GET', '/books/_count')).json.count).toBe(2);
    expect((await ask('GET', '/books/_search?size=1&from=1&_source=title')).json.hits.hits).toMatchObject([
      { _source: { title: 'Kindred' } },
    ]);
    expect((await ask('GET', '/books/_search', { size: 1, _source: false })).json.hits.hits[0]).not.toHaveProperty(
      '_source',
    );
    expect((await ask('GET', '/books/_mapping')).json.books.mappings.properties).toMatchObject({
      'author.name': { type: 'text' },
      year: { type: 'double' },
    });
    const table = (await ask('GET', '/_cat/indices?v')).text.split('\n');
    expect(table[0]).toMatch(/^health +status +index +uuid +pri +rep +docs\.count +store\.size$/);
    expect(table[1]).toMatch(/^green +open +books +[\w-]{22} +1 +0 +2 +\d+b$/);
    expect((await ask('GET', '/books/_doc/1?pretty')).text).toContain('{\n  "_index" : "books",\n');
    expect(await ask('DELETE', '/books/_doc/1')).toMatchObject({
      status: 200,
      json: { result: 'deleted', _version: 3 },
    });
    expect(await ask('DELETE', '/books/_doc/1')).toMatchObject({ status: 404, json: { result: 'not_found' } });
    expect(await found('/books/_search?q=darkness')).toEqual([]);
  });

  it('makes and deletes indices, with the fields it is told', async () => {
    const { ask } = await startOnDisk(1);
    const mappings = { properties: { tag: { type: 'keyword' }, size: { type: 'long' } } };
    expect(await ask('PUT', '/things', { mappings })).toMatchObject({
      status: 200,
      json: { acknowledged: true, shards_acknowledged: true, index: 'things' },
    });
    expect((await ask('HEAD', '/things')).status).toBe(200);
    expect((await ask('PUT', '/things')).json.error.type).toBe('resource_already_exists_exception');
    await ask('PUT', '/things/_doc/a', { tag: 'Big Red', size: '12' });
    expect((await ask('GET', '/things/_search?q=tag:Big')).json.hits.total.value).toBe(0);
    expect((await ask('GET', '/things/_search', { query: { match: { tag: 'Big Red' } } })).json.hits.total.value).toBe(
      1,
    );
    expect((await ask('GET', '/things/_search?q=size:12.0')).json.hits.total.value).toBe(1);
    expect(await ask('PUT', '/things/_doc/b', { size: 'large' })).toMatchObject({
      status: 400,
      json: { error: { type: 'document_parsing_exception' } },
    });
    expect((await ask('PUT', '/Things')).json.error.type).toBe('invalid_index_name_exception');
    expect((await ask('PUT', '/other', { mappings: { properties: { at: { type: 'geo_point' } } } })).status).toBe(400);
    expect((await ask('HEAD', '/other')).status).toBe(404);
    expect((await ask('DELETE', '/things')).json).toEqual({ acknowledged: true });
    expect(await ask('GET', '/things/_search')).toMatchObject({
      status: 404,
      json: { error: { root_cause: [{ type: 'index_not_found_exception', index: 'things' }] }, status: 404 },
    });
    // The name can be used again, and nothing of the old one is found.
    await ask('PUT', '/things/_doc/c', { tag: 'new' });
    expect((await ask('GET', '/things/_search')).json.hits.total.value).toBe(1);
  });

  it('ranks as BM25 does, to the last digit, over documents that were changed and deleted', async () => {
    const { ask } = await startOnDisk(8);
    const vocabulary = Array.from({ length: 300 }, (_, i) => `w${i}`);
    const random = randomNumbers(7);
    // Some words are common, most are rare.
    const text = (): readonly string[] =>
      Array.from({ length: Math.floor(random() * 60) }, () => vocabulary[Math.floor(300 * random() ** 3)] ?? '');
    const titles = new Map<string, readonly string[]>();
    const bodies = new Map<string, readonly string[]>();
    for (let round = 0; round < 6; round += 1) {
      const documents = new Map<string, unknown>();
      for (let i = 0; i < 300; i += 1) {
        const id = `${Math.floor(random() * 900)}`;
        const [title, body] = [text().slice(0, 6), text()];
        // A document that comes again is the last one.
        for (const corpus of [titles, bodies]) corpus.delete(id);
        titles.set(id, title);
        bodies.set(id, body);
        documents.delete(id);
        documents.set(id, { title: title.join(' '), body: body.join(', ') });
      }
      expect((await ask('POST', '/t/_bulk', bulkOf(documents))).json.errors).toBe(false);
      const gone = [...titles.keys()].filter(() => random() < 0.05);
      const deletions = gone.map((id) => `${JSON.stringify({ delete: { _id: id } })}\n`).join('');
      expect((await ask('POST', '/t/_bulk', deletions)).json.errors).toBe(false);
      for (const id of gone) for (const corpus of [titles, bodies]) corpus.delete(id);
    }
    const search = (query: unknown): Promise<Answer> =>
      ask('POST', '/t/_search', { query, size: 1000, _source: false });
    const has = (corpus: Corpus, id: string, word: string): boolean => corpus.get(id)?.includes(word) ?? false;
    const sum = (corpus: Corpus, words: readonly string[]) => {
      const scores = words.map((word) => bm25(corpus, word));
      return (id: string): number | undefined =>
        words.some((word) => has(corpus, id, word))
          ? scores.reduce((total, each) => total + (each.get(id) ?? 0), 0)
          : undefined;
    };
    for (const words of [['w0'], ['w1', 'w40'], ['w2', 'w100', 'w200'], ['w5', 'w5'], ['w299'], ['none']]) {
      expectHits(await search({ match: { body: words.join(' ') } }), ranked(bodies, sum(bodies, words)));
    }
    expectHits(
      await search({ match: { body: { query: 'w0 w3', operator: 'and' } } }),
      ranked(bodies, (id) =>
        has(bodies, id, 'w0') && has(bodies, id, 'w3') ? sum(bodies, ['w0', 'w3'])(id) : undefined,
      ),
    );
    const [title, body] = [sum(titles, ['w1', 'w2']), sum(bodies, ['w1', 'w2'])];
    const best = (id: string): number | undefined => {
      const scores = [title(id), body(id)].flatMap((score) => (score === undefined ? [] : [score]));
      return scores.length > 0 ? Math.max(...scores) : undefined;
    };
    expectHits(await search({ multi_match: { query: 'w1 w2', fields: ['title', 'body'] } }), ranked(titles, best));
    expectHits(await ask('GET', '/t/_search?q=w1+w2&size=1000'), ranked(titles, separately(['w1', 'w2'])));
    expectHits(
      await search({
        bool: {
          must: { match: { body: 'w0' } },
          should: [{ term: { title: 'w1' } }, { match: { body: { query: 'w4', boost: 2 } } }],
          filter: [{ match: { body: 'w2' } }],
          must_not: { term: { title: 'w3' } },
        },
      }),
      ranked(bodies, (id) =>
        has(bodies, id, 'w0') && has(bodies, id, 'w2') && !has(titles, id, 'w3')
          ? (sum(bodies, ['w0'])(id) ?? 0) + (sum(titles, ['w1'])(id) ?? 0) + 2 * (sum(bodies, ['w4'])(id) ?? 0)
          : undefined,
      ),
    );
    const all = await search({ match_all: {} });
    expectHits(
      all,
      ranked(bodies, () => 1),
    );
    // Asked for in pieces, it is the same.
    const pages = [];
    for (let from = 0; from < bodies.size; from += 97) {
      pages.push(...hitsOf(await ask('GET', `/t/_search?q=body:w0&from=${from}&size=97&_source=false`)));
    }
    expect(pages).toEqual(hitsOf(await search({ match: { body: 'w0' } })));

    /** Each word by itself in the field where it scores best. */
    function separately(words: readonly string[]) {
      const scores = words.map((word) => [sum(titles, [word]), sum(bodies, [word])] as const);
      return (id: string): number | undefined => {
        const found = scores.map((fields) => fields.flatMap((score) => score(id) ?? []));
        if (found.every(({ length }) => length === 0)) return undefined;
        return found.reduce((total, each) => total + (each.length > 0 ? Math.max(...each) : 0), 0);
      };
    }
  });

  it('takes thousands of documents in, and reads their index after a restart, without taking them in again', async () => {
    const { id } = await lab.tender.wire.disks.create({ sizeMiB: 32 });
    let engine = await start(id);
    const random = randomNumbers(3);
    const count = 8000;
    const words = (): string => Array.from({ length: 30 }, () => `word${Math.floor(4000 * random() ** 2)}`).join(' ');
    const begin = performance.now();
    for (let from = 0; from < count; from += 1000) {
      const documents = new Map(
        Array.from({ length: 1000 }, (_, i) => [`${from + i}`, { text: words(), number: from + i }] as const),
      );
      const { status, json } = await engine.ask('POST', '/many/_bulk', bulkOf(documents));
      expect([status, json.errors, json.items.length]).toEqual([200, false, 1000]);
    }
    console.log(`${count} documents by bulk: ${Math.round(performance.now() - begin)} ms`);
    const question = '/many/_search?q=word7+word900&size=50';
    const before = await engine.ask('GET', question);
    expect(before.json.hits.total.value).toBeGreaterThan(20);
    // A question that would take long is refused, and nobody else waits for it.
    const long = Array.from({ length: 600 }, (_, i) => `w${i}`).join(' ');
    const clauses = Array.from({ length: 10 }, () => ({ match: { text: long } }));
    expect((await engine.ask('POST', '/many/_search', { query: { bool: { should: clauses } } })).json).toMatchObject({
      error: { type: 'circuit_breaking_exception' },
      status: 429,
    });
    const { tender, memory } = await engine.instance.stats();
    console.log(`longest turn: ${tender?.longestTurnMicros} microseconds; ${memory.total} bytes of memory`);
    expect(await engine.ask('DELETE', '/many/_doc/17')).toMatchObject({ status: 200 });
    await engine.instance.kill();

    engine = await start(id);
    const reader = new ConsoleReader(engine.instance);
    const said = /(\d+) documents in 1 indices; (\d+) segments, and the words of (\d+) documents/.exec(
      await reader.until('serving on port'),
    );
    reader.dispose();
    expect(Number(said?.[1])).toBe(count - 1);
    expect(Number(said?.[2])).toBeGreaterThan(0);
    expect(Number(said?.[3])).toBeLessThan(count / 4);
    const { json } = await engine.ask('GET', '/many/_count');
    expect(json.count).toBe(count - 1);
    const numbered = await engine.ask('GET', '/many/_search', { query: { term: { number: 17 } } });
    expect(numbered.json.hits.total.value).toBe(0);
    const after = await engine.ask('GET', question);
    expect(after.json.hits.hits.map(({ _id }: { _id: string }) => _id).filter((each: string) => each !== '17')).toEqual(
      before.json.hits.hits
        .map(({ _id }: { _id: string }) => _id)
        .filter((each: string) => each !== '17')
        .slice(0, 50),
    );
  });

  it('keeps what was acknowledged when it is killed, at any instant', async () => {
    const { id } = await lab.tender.wire.disks.create({ sizeMiB: 4 });
    const possible = new Map<string, ReadonlySet<string | undefined>>();
    for (let life = 1; life <= 4; life += 1) {
      const { ask, instance } = await start(id);
      for (const [key, values] of possible) {
        const { status, json } = await ask('GET', `/k/_doc/${key}`);
        const found = status === 200 ? (json._source.v as string) : undefined;
        expect([...values]).toContain(found);
        possible.set(key, new Set([found]));
        if (found === undefined) continue;
        const hits = await ask('GET', `/k/_search?q=v:${found}`);
        expect(hits.json.hits.hits.map((hit: { _id: string }) => hit._id)).toEqual([key]);
      }
      const end = new AbortController();
      const writers = [0, 1, 2].map((writer) => change(ask, `${writer}`, life, possible, end.signal));
      await Promise.race(writers.map(({ many }) => many));
      await instance.kill();
      end.abort();
      await Promise.all(writers.map(({ done }) => done));
    }
    expect(possible.size).toBeGreaterThan(6);
  });

  it('says when the disk is full, goes on answering, and takes more once documents are deleted', async () => {
    const { ask } = await startOnDisk(1);
    const document = (i: number) => ({ text: `number ${i} ${'filler '.repeat(3000)}` });
    let stored = 0;
    let last: Answer;
    do {
      last = await ask('PUT', `/full/_doc/${stored}`, document(stored));
      stored += 1;
    } while (last.status === 201 && stored < 100);
    expect(last).toMatchObject({ status: 507, json: { error: { type: 'cluster_block_exception' }, status: 507 } });
    expect(stored).toBeGreaterThan(5);
    expect((await ask('GET', '/full/_count')).json.count).toBe(stored - 1);
    expect((await ask('GET', '/full/_search?q=text:3')).json.hits.total.value).toBe(1);
    for (let i = 0; i < stored - 1; i += 1) expect((await ask('DELETE', `/full/_doc/${i}`)).status).toBe(200);
    expect((await ask('PUT', '/full/_doc/new', document(1))).status).toBe(201);
    expect((await ask('DELETE', '/full')).status).toBe(200);
    expect((await ask('PUT', '/again/_doc/1', document(1))).status).toBe(201);
  });

  it('refuses what it cannot take, by name, and is none the worse for it', async () => {
    const { ask } = await startOnDisk(2);
    await ask('PUT', '/h/_doc/1', { a: 'b', n: 1 });
    const refused = async (method: string, path: string, body: unknown, status: number, type: string) => {
      const answer = await ask(method, path, body);
      expect([path, answer.status, answer.json?.error?.type]).toEqual([path, status, type]);
    };
    const query = (value: unknown) => ({ query: value });
    const deep = (levels: number): unknown => (levels === 0 ? { match_all: {} } : { bool: { must: deep(levels - 1) } });
    await refused('PUT', '/h/_doc/2', '{"a":', 400, 'document_parsing_exception');
    await refused('PUT', '/h/_doc/2', '[1]', 400, 'document_parsing_exception');
    await refused('PUT', '/h/_doc/2', '['.repeat(50_000), 400, 'document_parsing_exception');
    await refused('PUT', '/h/_doc/2', { text: 'x'.repeat(60_000) }, 413, 'illegal_argument_exception');
    await refused('PUT', `/h/_doc/${'i'.repeat(501)}`, {}, 400, 'illegal_argument_exception');
    await refused('PUT', '/h/_doc/2', { ['f'.repeat(201)]: 1 }, 400, 'document_parsing_exception');
    await refused('PUT', '/h/_doc/2', { n: { x: 1, 'y\0': 2 } }, 400, 'document_parsing_exception');
    await refused(
      'PUT',
      '/h/_doc/2',
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i])),
      400,
      'illegal_argument_exception',
    );
    await refused('PUT', '/h/_doc/2', '', 400, 'parse_exception');
    await refused('POST', '/_bulk', '{"index":{}}\n{}\n', 400, 'action_request_validation_exception');
    await refused('POST', '/h/_bulk', '{"update":{"_id":"1"}}\n{}\n', 400, 'illegal_argument_exception');
    await refused('POST', '/h/_bulk', '{"index":{"_id":"1"}}\n{}', 400, 'illegal_argument_exception');
    await refused('POST', '/h/_search', '{', 400, 'parsing_exception');
    await refused('POST', '/h/_search', { aggs: {} }, 400, 'parsing_exception');
    await refused('POST', '/h/_search', { from: 9_999, size: 2 }, 400, 'illegal_argument_exception');
    await refused('POST', '/h/_search', query({ fuzzy: { a: 'b' } }), 400, 'parsing_exception');
    await refused('POST', '/h/_search', query({ match: { a: 'b', c: 'd' } }), 400, 'parsing_exception');
    await refused('POST', '/h/_search', query({ match: { a: ['b'] } }), 400, 'parsing_exception');
    await refused('POST', '/h/_search', query({ match: { n: 'x' } }), 400, 'query_shard_exception');
    await refused('POST', '/h/_search', query({ match: { a: 'x'.repeat(5000) } }), 400, 'parsing_exception');
    await refused('POST', '/h/_search', query(deep(40)), 400, 'parsing_exception');
    await refused('GET', '/h/_search?q=%22a+b%22', undefined, 400, 'query_shard_exception');
    await refused('GET', '/h/_search?size=ten', undefined, 400, 'illegal_argument_exception');
    await refused('GET', '/h/_search?q=%ff', undefined, 400, 'illegal_argument_exception');
    await refused('PUT', `/${'i'.repeat(256)}`, undefined, 400, 'invalid_index_name_exception');
    expect(await ask('POST', '/h/_mistake')).toMatchObject({ status: 400, json: { status: 400 } });
    expect(await ask('PUT', '/_search')).toMatchObject({ status: 405, json: { status: 405 } });
    await refused('POST', '/h/_bulk', 'x'.repeat(512 * 1024 + 1), 413, 'illegal_argument_exception');
    const some = await ask(
      'POST',
      '/_bulk',
      '{"create":{"_index":"h","_id":"1"}}\n{}\n{"index":{"_index":"h","_id":3}}\n{"a":"c"}\n{"index":{"_index":"h"}}\n{x}\n',
    );
    expect(some.json.errors).toBe(true);
    expect(some.json.items.map((item: Json) => (Object.values(item)[0] as Json).status)).toEqual([409, 201, 400]);
    // Broad queries over many documents are refused before they take long.
    const clauses = Array.from({ length: 1000 }, () => ({ match_all: {} }));
    expect((await ask('POST', '/h/_search', query({ bool: { should: clauses } }))).json.hits.total.value).toBe(2);
    expect((await ask('POST', '/h/_search', query(deep(12)))).json.hits.total.value).toBe(2);
    expect(hitsOf(await ask('GET', '/h/_search?q=a:b')).map(({ id }) => id)).toEqual(['1']);
  });

  it('says when there is no memory, and goes on with what it has', async () => {
    const { ask } = await startOnDisk(16, 4);
    const bulk = (from: number) =>
      bulkOf(
        new Map(
          Array.from({ length: 2000 }, (_, i) => [`${from + i}`, { text: `one two ${from + i} ${'x'.repeat(100)}` }]),
        ),
      );
    let answer = await ask('POST', '/m/_bulk', bulk(0));
    for (let from = 2000; from < 14_000; from += 2000) answer = await ask('POST', '/m/_bulk', bulk(from));
    expect([200, 429]).toContain(answer.status);
    const { json } = await ask('GET', '/m/_count');
    expect(json.count).toBeGreaterThan(2000);
    const large = await ask('GET', '/m/_search?q=one&size=10000');
    expect(large).toMatchObject({ status: 429, json: { error: { type: 'circuit_breaking_exception' } } });
    expect((await ask('GET', '/m/_search?q=text:1999')).json.hits.total.value).toBe(1);
  });
});

/** Numbers from 0 to 1, the same each time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Puts and deletes one document after the other, until the server is gone. `many` resolves when some have been acknowledged. */
function change(
  ask: Engine['ask'],
  writer: string,
  life: number,
  possible: Map<string, ReadonlySet<string | undefined>>,
  signal: AbortSignal,
) {
  let reached: () => void = () => {};
  const many = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const gone = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
  const changeOne = async (i: number): Promise<void> => {
    const key = `${writer}-${i % 5}`;
    const value = i % 7 === 6 ? undefined : `${writer}x${life}x${i}`;
    possible.set(key, new Set([...(possible.get(key) ?? [undefined]), value]));
    const asked = value === undefined ? ask('DELETE', `/k/_doc/${key}`) : ask('PUT', `/k/_doc/${key}`, { v: value });
    const answer = await Promise.race([asked.catch(() => undefined), gone]);
    if (!answer) return;
    expect([200, 201, 404]).toContain(answer.status);
    possible.set(key, new Set([value]));
    if (i === 10 * life) reached();
  };
  const run = async (): Promise<void> => {
    for (let i = 0; !signal.aborted; i += 1) await changeOne(i);
  };
  return { many, done: run() };
}
