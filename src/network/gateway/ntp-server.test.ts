import { describe, expect, it } from 'vitest';
import { fromNtpTime, ntpMode, parseNtp, serializeNtp } from '../../formats/wire/ntp';
import { answerNtp } from './ntp-server';

const now = Date.UTC(2026, 10, 24, 12, 0, 0, 250);
const question = parseNtp(new Uint8Array(48).fill((4 << 3) | ntpMode.client, 0, 1));

describe('the time server', () => {
  it('answers with the page’s time and the asker’s own', () => {
    const asked = serializeNtp({ ...question, transmitTime: 0x1234_5678_9abc_def0n, poll: 6 });
    const answer = parseNtp(answerNtp(asked, { now: () => now }) ?? new Uint8Array(0));
    expect(answer).toMatchObject({ mode: ntpMode.server, version: 4, leap: 0, stratum: 2, poll: 6 });
    expect(answer.originTime).toBe(0x1234_5678_9abc_def0n);
    expect(fromNtpTime(answer.transmitTime, now)).toBeCloseTo(now, 2);
    expect(answer.receiveTime).toBe(answer.transmitTime);
  });

  it.each([
    ['an answer', serializeNtp({ ...question, mode: ntpMode.server })],
    ['another version', serializeNtp({ ...question, version: 5 })],
    ['half a message', new Uint8Array(47)],
  ])('does not answer %s', (_, bytes) => {
    expect(answerNtp(bytes, { now: () => now })).toBeUndefined();
  });
});
