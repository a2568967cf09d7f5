import fc from 'fast-check';
import { type Field, type Layout, names, qid, qids, text, timestamp, u8, u16, u32, u64 } from './fields';
import { type Reply, type Request, replyLayouts, requestLayouts } from './messages';

/** Random 9P messages, for property tests. */

const anyText = fc.string({ unit: 'binary', maxLength: 30 });
const anyQid = fc.record({ type: fc.nat(0xff), version: fc.nat(0xffff_ffff), path: fc.maxSafeNat() });
const anyTime = fc.record({ seconds: fc.maxSafeInteger(), nanoseconds: fc.nat(999_999_999) });

const values = new Map<Field<unknown>, fc.Arbitrary<unknown>>([
  [u8, fc.nat(0xff)],
  [u16, fc.nat(0xffff)],
  [u32, fc.nat(0xffff_ffff)],
  [u64, fc.maxSafeNat()],
  [text, anyText],
  [qid, anyQid],
  [timestamp, anyTime],
  [names, fc.array(anyText, { maxLength: 16 })],
  [qids, fc.array(anyQid, { maxLength: 16 })],
] as [Field<unknown>, fc.Arbitrary<unknown>][]);

/** The only field without an entry of its own is one of bytes. */
const anyBytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes));

function anyOf<Message>(layouts: Readonly<Record<string, Layout>>): fc.Arbitrary<Message> {
  return fc.oneof(
    ...Object.entries(layouts).map(([type, layout]) => {
      const fields = Object.entries(layout).map(([name, field]) => [name, values.get(field) ?? anyBytes]);
      return fc.record({ type: fc.constant(type), ...Object.fromEntries(fields) }) as fc.Arbitrary<Message>;
    }),
  );
}

export const anyRequest = anyOf<Request>(requestLayouts);
export const anyReply = anyOf<Reply>(replyLayouts);
