import { concatBytes } from '../../../base/bytes';
import { chunksOf } from '../../../base/streams';
import type { CommandIo } from '../../command-io';
import type { ShellProgram } from '../shell';
import { completePath } from './complete-path';
import { readOptions, UsageError } from './options';
import { linesOf, openInput, orInput } from './text-lines';

/** Lines and bytes that `tail` keeps at most. */
const linesLimit = 1_000_000;
const bytesLimit = 64 * 1024 * 1024;

/** A number of lines or bytes; behind `+` the one to begin with. */
function count(value: string, unit: 'lines' | 'bytes'): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new UsageError(`invalid number of ${unit}: '${value}'`);
}

const head: ShellProgram = {
  name: 'head',
  summary: 'Print the beginning: head [-n LINES | -c BYTES] [PATH…]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'q', 'nc');
    const bytes = flags.get('c');
    const wanted = bytes === undefined ? count(flags.get('n') ?? '10', 'lines') : count(bytes, 'bytes');
    for (const path of orInput(args)) {
      if (wanted === 0) continue;
      if (bytes === undefined) await firstLines(io, path, wanted);
      else await firstBytes(io, path, wanted);
    }
    return 0;
  },
};

async function firstLines(io: CommandIo, path: string, wanted: number): Promise<void> {
  let left = wanted;
  for await (const line of linesOf(await openInput(io, path))) {
    await io.stdout.write(`${line}\n`);
    left -= 1;
    if (left === 0) break;
  }
}

async function firstBytes(io: CommandIo, path: string, wanted: number): Promise<void> {
  let left = wanted;
  for await (const chunk of chunksOf(await openInput(io, path))) {
    await io.stdout.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
}

const tail: ShellProgram = {
  name: 'tail',
  summary: 'Print the end, or all from +N on: tail [-n LINES | -c BYTES] [PATH…]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'q', 'nc');
    const bytes = flags.get('c');
    const given = bytes ?? flags.get('n') ?? '10';
    const fromStart = given.startsWith('+');
    const wanted = count(given.slice(fromStart ? 1 : 0), bytes === undefined ? 'lines' : 'bytes');
    const print = bytes === undefined ? (fromStart ? linesFrom : lastLines) : fromStart ? bytesFrom : lastBytes;
    for (const path of orInput(args)) await print(io, path, wanted);
    return 0;
  },
};

async function lastLines(io: CommandIo, path: string, given: number): Promise<void> {
  const wanted = Math.min(linesLimit, given);
  const kept: string[] = [];
  for await (const line of linesOf(await openInput(io, path))) {
    kept.push(line);
    if (kept.length > 2 * wanted + 1) kept.splice(0, kept.length - wanted);
  }
  const last = kept.slice(kept.length - Math.min(wanted, kept.length));
  await io.stdout.write(last.map((line) => `${line}\n`).join(''));
}

async function linesFrom(io: CommandIo, path: string, first: number): Promise<void> {
  let number = 0;
  for await (const line of linesOf(await openInput(io, path))) {
    number += 1;
    if (number >= first) await io.stdout.write(`${line}\n`);
  }
}

async function lastBytes(io: CommandIo, path: string, given: number): Promise<void> {
  const wanted = Math.min(bytesLimit, given);
  let kept: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of chunksOf(await openInput(io, path))) {
    kept.push(chunk);
    length += chunk.length;
    while (kept.length > 1 && length - (kept[0]?.length ?? 0) >= wanted) length -= kept.shift()?.length ?? 0;
  }
  const all = concatBytes(kept);
  kept = [];
  await io.stdout.write(all.subarray(Math.max(0, all.length - wanted)));
}

async function bytesFrom(io: CommandIo, path: string, first: number): Promise<void> {
  let skipped = Math.max(0, first - 1);
  for await (const chunk of chunksOf(await openInput(io, path))) {
    await io.stdout.write(chunk.subarray(skipped));
    skipped = Math.max(0, skipped - chunk.length);
  }
}

export const endBuiltins: readonly ShellProgram[] = [head, tail];
