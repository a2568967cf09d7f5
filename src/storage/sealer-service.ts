import { SandboxError } from '../base/errors';
import { transfer } from '../rpc/control';
import { createPartSealer, type MakePart, type PartSealer, type Seal, type SealedPart } from './part-sealer';

/** Sealers of many blobs, by names that the caller gives them, as calls that cross a MessagePort. Runs in its worker. */
export class SealerService {
  readonly #makePart: MakePart;
  readonly #sealers = new Map<string, Promise<PartSealer>>();

  constructor(makePart: MakePart) {
    this.#makePart = makePart;
  }

  open(blob: string): void {
    const opening = createPartSealer(this.#makePart);
    // A failure is heard where the sealer is asked for.
    opening.catch(() => undefined);
    this.#sealers.set(blob, opening);
  }

  /** The memory of the bytes comes, and goes back. */
  async seal(blob: string, bytes: Uint8Array<ArrayBuffer>): Promise<SealedPart> {
    const sealer = await this.#require(blob);
    const sealed = await sealer.seal(bytes);
    return transfer(sealed, [sealed.buffer]);
  }

  async finish(blob: string): Promise<Seal> {
    const sealer = await this.#require(blob);
    return sealer.finish();
  }

  close(blob: string): void {
    this.#sealers.delete(blob);
  }

  #require(blob: string): Promise<PartSealer> {
    const sealer = this.#sealers.get(blob);
    return sealer ?? Promise.reject(new SandboxError('FailedPrecondition', `No blob ${blob} is being sealed`));
  }
}
