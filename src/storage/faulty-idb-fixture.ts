import 'fake-indexeddb/auto';
import { type FaultPlan, yieldAll } from '../base/fault-plan-fixture';
import { type Disposable, toDisposable } from '../base/lifecycle';

/** What is used of the insides of fake-indexeddb, whose version is pinned. */
interface Target {
  listeners: unknown[];
}
interface Request extends Target {
  readyState: 'pending' | 'done';
}
interface RawDatabase {
  transactions: Transaction[];
  processTransactions: () => void;
}
interface Connection extends Target {
  readonly _rawDatabase: RawDatabase;
  transaction(names: string[], mode: string, options?: { durability?: string }): Transaction;
  close(): void;
}
interface Transaction extends Target {
  readonly mode: string;
  readonly db: Connection;
  readonly _requests: { readonly request: Request }[];
  _started: boolean;
  _state: 'active' | 'inactive' | 'committing' | 'finished';
  _start(): void;
  _abort(name: string | null): void;
  addEventListener(type: string, listener: () => void): void;
}

const transactionPrototype = IDBTransaction.prototype as unknown as Transaction;
const factoryPrototype = IDBFactory.prototype as unknown as {
  open(name: string, version?: number): Request & { readonly result: Connection | undefined };
};
const PassiveTransaction = IDBTransaction as unknown as new (
  names: string[],
  mode: string,
  durability: string,
  db: Connection,
) => Transaction;

/** Listeners that fake-indexeddb itself puts first on each transaction. */
const innerListeners = 3;

/**
 * The IndexedDB of Node's tests with faults at every step that a browser can fail or die at: before each
 * request, before each commit, and after it, when the caller has not heard of it yet. An error aborts the
 * transaction, as browsers do. A crash ends the tab: what was not committed is rolled back, connections
 * close, and none of its promises ever settles.
 */
export class FaultyIndexedDb implements Disposable {
  readonly #plan: FaultPlan;
  readonly #errorName: string;
  readonly #failpoints: Disposable;
  readonly #connections = new Set<Connection>();
  readonly #openings = new Set<Request>();
  readonly #restore: Disposable;
  #crashed = false;
  #onCrash: () => void = () => undefined;
  /** Settles when the plan's crash has happened. */
  readonly crashed = new Promise<void>((resolve) => {
    this.#onCrash = resolve;
  });

  /** `errorName` is the DOMException's name that the plan's error has. */
  constructor(plan: FaultPlan, errorName = 'UnknownError') {
    this.#plan = plan;
    this.#errorName = errorName;
    plan.onCrash(() => this.#crash());
    this.#failpoints = plan.handleFailpoints();
    this.#restore = this.#patch();
  }

  /** The faults are over, whatever happened; connections that did not crash go on. */
  dispose(): void {
    this.#restore.dispose();
    this.#failpoints.dispose();
  }

  #patch(): Disposable {
    const { _start: start } = transactionPrototype;
    const { open } = factoryPrototype;
    const visit = (transaction: Transaction): void => this.#step(transaction, () => start.call(transaction));
    transactionPrototype._start = function step(this: Transaction) {
      visit(this);
    };
    const track = (request: Request): void => this.#track(request);
    factoryPrototype.open = function tracked(...args) {
      const request = open.apply(this, args);
      track(request);
      return request;
    };
    return toDisposable(() => {
      transactionPrototype._start = start;
      factoryPrototype.open = open;
    });
  }

  #track(request: Request): void {
    this.#openings.add(request);
    request.listeners.push({
      type: 'success',
      capture: false,
      callback: () => {
        this.#openings.delete(request);
        this.#connections.add((request as unknown as { result: Connection }).result);
      },
    });
  }

  #step(transaction: Transaction, run: () => void): void {
    this.#connections.add(transaction.db);
    if (this.#crashed || transaction._state === 'finished') run();
    else if (transaction._requests.some(({ request }) => request.readyState !== 'done')) {
      this.#visit('idb.request', transaction, run);
    } else this.#visit('idb.commit', transaction, () => this.#commit(transaction, run));
  }

  /** An error after a commit does not exist; a crash there is one that nobody hears of. */
  #commit(transaction: Transaction, run: () => void): void {
    const writes = transaction.mode !== 'readonly';
    const crash = writes && this.#plan.fault === 'crash' && this.#plan.visit(`idb.committed ${transaction.mode}`);
    if (crash) silence(transaction);
    run();
    if (crash) this.#crash();
  }

  #visit(what: string, transaction: Transaction, run: () => void): void {
    if (!this.#plan.visit(`${what} ${transaction.mode}`)) run();
    else if (this.#plan.fault === 'error') transaction._abort(this.#errorName);
    else if (this.#plan.fault === 'crash') this.#crash();
    else {
      // Or it would be started once more meanwhile.
      transaction._started = true;
      void yieldAll().then(run);
    }
  }

  /** What a browser does when a tab dies. */
  #crash(): void {
    this.#crashed = true;
    for (const request of this.#openings) request.listeners = [];
    for (const connection of this.#connections) end(connection);
    this.#onCrash();
  }
}

function end(connection: Connection): void {
  connection.listeners = [];
  for (const transaction of connection._rawDatabase.transactions) {
    if (transaction.db !== connection || transaction._state === 'finished') continue;
    silence(transaction);
    transaction._abort(null);
  }
  // Whatever the dead tab still asks for is never started.
  connection.transaction = (names, mode, options = {}) =>
    new PassiveTransaction([names].flat(), mode, options.durability ?? 'default', connection);
  connection.close();
}

/** Keeps all but the fake's own listeners from hearing how it ends. */
function silence(transaction: Transaction): void {
  for (const { request } of transaction._requests) request.listeners = [];
  transaction.listeners = transaction.listeners.slice(0, innerListeners);
  for (const type of ['complete', 'abort']) {
    transaction.addEventListener(type, transaction.db._rawDatabase.processTransactions);
  }
}
