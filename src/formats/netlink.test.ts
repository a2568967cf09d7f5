import { describe, expect, it } from 'vitest';
import { toHex } from '../base/bytes';
import { serializeNetlinkMessage } from './netlink';

describe('a message to the kernel', () => {
  it('has its length, its type and that it is a request in front, and is numbered by nobody', () => {
    const message = serializeNetlinkMessage(0x0a06, 0x400, Uint8Array.of(7, 0, 0, 0));
    expect(toHex(message)).toBe('14000000' + '060a' + '0104' + '00000000' + '00000000' + '07000000');
  });

  it('has attributes that begin at multiples of four and say how long they are without what fills them up', () => {
    const message = serializeNetlinkMessage(0, 0, new Uint8Array(0), [
      { type: 1, value: Uint8Array.of(0x61, 0) },
      { type: 2, value: Uint8Array.of(1, 2, 3, 4) },
    ]);
    expect(toHex(message).slice(32)).toBe('06000100' + '61000000' + '08000200' + '01020304');
    expect(message[0]).toBe(message.length);
  });

  it('marks an attribute that is attributes itself', () => {
    const inner = { type: 1, value: Uint8Array.of(9) };
    const message = serializeNetlinkMessage(0, 0, new Uint8Array(0), [{ type: 3, value: [inner] }]);
    expect(toHex(message).slice(32)).toBe('0c000380' + '05000100' + '09000000');
  });
});
