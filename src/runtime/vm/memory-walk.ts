import { type Clock, delay } from '../../base/clock';
import { type MemoryDifference, MemoryImage, type MemoryLayer, packPages, pageBytes, pageSetOf } from './memory-image';

/** Pages looked at in one go, and how long that may go on before the guest has its turn. */
const piecePages = 256;
const turnMs = 4;

/**
 * Looks at all of a machine's memory while it runs, in short turns. The machine then stands still for a shorter
 * time when it is saved: memory that is touched first is dear, by reading too (reading 64 MiB of it took 300 ms
 * where the second time takes 10), and the loops are compiled by then.
 */
export async function walkMemory(
  clock: Clock,
  memory: Uint8Array,
  image = new MemoryImage(memory.length / pageBytes),
  onDifference: (difference: MemoryDifference) => void = () => {},
): Promise<void> {
  let begun = clock.monotonic();
  for (let page = 0; page < image.pages; page += piecePages) {
    onDifference(image.differenceTo(memory, page, Math.min(page + piecePages, image.pages)));
    if (clock.monotonic() - begun < turnMs) continue;
    await delay(clock, 0);
    begun = clock.monotonic();
  }
}

/** A memory as it was copied while the machine ran: no instant of it, but what it has become since can be told. */
export interface MemoryCopy {
  readonly image: MemoryImage;
  /** What the image is made of, copied, in the order to be applied. */
  readonly pieces: readonly MemoryLayer[];
}

export async function copyMemory(clock: Clock, memory: Uint8Array): Promise<MemoryCopy> {
  const image = new MemoryImage(memory.length / pageBytes);
  const pieces: MemoryLayer[] = [];
  await walkMemory(clock, memory, image, ({ changed: pages }) => {
    if (pages.length === 0) return;
    const packed = new Uint8Array(pages.length * pageBytes);
    packPages(memory, pages, packed);
    const changed = pageSetOf(image.pages, pages);
    image.apply({ changed, packed });
    pieces.push({ changed: changed.slice(), packed: packed.slice() });
  });
  return { image, pieces };
}
