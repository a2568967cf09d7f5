import type { IDBPTransaction, StoreNames } from 'idb';
import { SandboxError } from '../base/errors';
import type { Database, StoreSchema } from './database';
import { availableBytes, quotaExceeded } from './quota';

export type WriteTransaction<Names extends StoreNames<StoreSchema>> = IDBPTransaction<
  StoreSchema,
  Names[],
  'readwrite'
>;

/** Makes the requests of a transaction and gives them back; may read before it writes. */
export type WriteWork<Names extends StoreNames<StoreSchema>> = (
  transaction: WriteTransaction<Names>,
) => readonly Promise<unknown>[] | Promise<readonly Promise<unknown>[]>;

export interface WriteOptions {
  /** Bytes to be stored, for the message when there is no room. */
  readonly needed?: number;
  /** `strict` survives a power cut, and takes what was written before along; `relaxed` unless said. */
  readonly durability?: IDBTransactionDurability;
}

/**
 * A transaction that is over, in the good sense, when this resolves. `work` must be safe to repeat: it is,
 * once, when the connection was lost. A `SandboxError` that it throws undoes the transaction and is passed on.
 * Errors: `ResourceExhausted` over quota, with nothing written.
 */
export async function writeToEnd<Names extends StoreNames<StoreSchema>>(
  database: Database,
  names: Names[],
  { needed = 0, durability = 'relaxed' }: WriteOptions,
  work: WriteWork<Names>,
): Promise<void> {
  try {
    await database.use((connection) => runToEnd(connection.transaction(names, 'readwrite', { durability }), work));
  } catch (error) {
    // Here it is known how many bytes were needed.
    if (!(error instanceof SandboxError && error.code === 'ResourceExhausted')) throw error;
    throw quotaExceeded(needed, await availableBytes(), error.cause);
  }
}

/**
 * The error of a transaction arrives on the transaction: over quota Chromium fails no request at all, it
 * aborts. So the transaction's end is what is awaited, and its error what is told.
 */
async function runToEnd<Names extends StoreNames<StoreSchema>>(
  transaction: WriteTransaction<Names>,
  work: WriteWork<Names>,
): Promise<void> {
  const ended = transaction.done.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  let refusal: { readonly error: unknown } | undefined;
  try {
    // Handled here, so that a request failing with its transaction is not an unhandled rejection.
    for (const request of await work(transaction)) request.catch(() => undefined);
  } catch (error) {
    refusal = { error };
    abortQuietly(transaction);
  }
  const failure = await ended;
  if (refusal?.error instanceof SandboxError) throw refusal.error;
  if (failure) throw failure.error ?? refusal?.error;
  if (refusal) throw refusal.error;
}

function abortQuietly(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It had ended by itself, which is how it came to fail.
  }
}
