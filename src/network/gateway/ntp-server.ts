import type { Clock } from '../../base/clock';
import { type NtpMessage, ntpBytes, ntpMode, parseNtp, serializeNtp, toNtpTime } from '../../formats/wire/ntp';

/** The host's clock is set by somebody else; we are one step from that. */
const stratum = 2;

/** "LOCL": an uncalibrated local clock (RFC 5905, figure 12). */
const referenceId = 0x4c4f434c;

/** Browsers tell time to the millisecond or coarser: 2^-10 s. */
const precision = -10;

/** The answer of a server (RFC 5905, 9.2) by the page's clock; undefined for what is no client's question. */
export function answerNtp(bytes: Uint8Array, clock: Pick<Clock, 'now'>): Uint8Array<ArrayBuffer> | undefined {
  if (bytes.length < ntpBytes) return undefined;
  const query = parseNtp(bytes);
  if (query.mode !== ntpMode.client || query.version < 1 || query.version > 4) return undefined;
  const now = toNtpTime(clock.now());
  const answer: NtpMessage = {
    leap: 0,
    version: query.version,
    mode: ntpMode.server,
    stratum,
    poll: query.poll,
    precision,
    rootDelay: 0,
    // A hundredth of a second, in 1/65536.
    rootDispersion: 655,
    referenceId,
    referenceTime: now,
    originTime: query.transmitTime,
    receiveTime: now,
    transmitTime: now,
  };
  return serializeNtp(answer);
}
