import type { ArchiveLimits } from '../../formats/archive-entries';

/** What is read of a lab's archive at most, and of one of images. */
export const imageArchiveLimits: ArchiveLimits = { entries: 20_000, blobBytes: 64 * 1024 ** 3 };
