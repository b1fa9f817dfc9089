/** What both readers are: an iterator over a dataset that can say where it stands, and go on from there. */
import { ConfigError } from "../core/errors.ts";
import { type Block, type Cursor, nextBlock, START } from "./blocks.ts";
import type { Dataset } from "./scan_dataset.ts";
import type { ReaderPlan } from "./reader_plan.ts";
import { type Diagnostics, RowGroups, type RowTest } from "./row_groups.ts";

/** Where a reader stands, as JSON. */
export interface ReaderState extends Cursor {
  version: 1;
  /** The dataset and the settings it belongs to. */
  dataset: string;
  settings: string;
}

/** What a reader gives of a block, one after the other. */
export interface Items<T> {
  length: number;
  at(index: number): T;
}

/** Some items, where they start, and where the next ones do. */
export interface Found<T> {
  items: Items<T>;
  start: Cursor;
  next: Cursor;
}

/** Finds the items that start at a cursor or are the first ones after it; null at the end. */
export type Find<T> = (groups: RowGroups, cursor: Cursor) => Promise<Found<T> | null>;

/** Items that are made of blocks of rows. */
export function itemsOfBlocks<T>(plan: ReaderPlan, view: (block: Block) => Items<T>): Find<T> {
  return async (groups, cursor) => {
    const found = await nextBlock(groups, cursor, plan);
    return found && { items: view(found.block), start: found.start, next: found.block.next };
  };
}

/**
 * Iterates over a dataset. Leaving a `for await` early does not close the reader: another loop goes on where the
 * first one stopped. `using` or `await using` closes it.
 */
export class Reader<T> implements AsyncIterableIterator<T>, AsyncDisposable, Disposable {
  readonly #dataset: Dataset;
  readonly #plan: ReaderPlan;
  readonly #groups: RowGroups;
  readonly #find: Find<T>;
  #found: Found<T> | null = null;
  /** Where the next items start, where none are at hand. */
  #cursor: Cursor = START;
  #at = 0;
  /** A refill that is under way; calls meanwhile wait for it. */
  #waiting: Promise<unknown> | null = null;
  #closed = false;

  constructor(dataset: Dataset, plan: ReaderPlan, { find, test }: { find: Find<T>; test: RowTest | null }) {
    this.#dataset = dataset;
    this.#plan = plan;
    this.#groups = new RowGroups(dataset, { ...plan, test });
    this.#find = find;
  }

  /** What was read, fetched and kept so far. */
  get diagnostics(): Diagnostics {
    return { ...this.#groups.diagnostics };
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting === null && this.#found !== null && this.#at < this.#found.items.length) {
      try {
        const value = this.#found.items.at(this.#at);
        this.#at++;
        return Promise.resolve({ done: false, value });
      } catch (error) {
        return Promise.reject(error);
      }
    }
    const before = this.#waiting ?? Promise.resolve();
    const result = before.catch(() => {}).then(() => this.#refilled());
    this.#waiting = result;
    const done = () => {
      if (this.#waiting === result) this.#waiting = null;
    };
    result.then(done, done);
    return result;
  }

  async #refilled(): Promise<IteratorResult<T, undefined>> {
    if (this.#closed) throw new TypeError("Cannot read on: the reader is closed, make a new one");
    while (this.#found === null || this.#at >= this.#found.items.length) {
      const from = this.#found?.next ?? this.#cursor;
      const found = await this.#find(this.#groups, from);
      if (found === null) return { done: true, value: undefined };
      this.#found = found;
      this.#at = from.taken;
    }
    const value = this.#found.items.at(this.#at);
    this.#at++;
    return { done: false, value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Where the reader stands: everything given so far is behind it. Plain JSON. */
  state(): ReaderState {
    const cursor = this.#found ? { ...this.#found.start, taken: this.#at } : this.#cursor;
    return {
      version: 1,
      dataset: this.#dataset.fingerprint,
      settings: this.#plan.fingerprint,
      ...cursor,
    };
  }

  /**
   * Goes on where a reader of the same dataset with the same settings stood.
   *
   * @throws {ConfigError} where the state is another dataset's or another reader's.
   */
  resume(state: ReaderState): void {
    const refuse = (why: string, what: string) => {
      throw new ConfigError(`Cannot resume reading "${this.#dataset.name}": ${why}, ${what}`);
    };
    if (state?.version !== 1) refuse("this is no state of a reader", "give what state() gave");
    if (state.dataset !== this.#dataset.fingerprint) {
      refuse("the state belongs to a dataset with other files", "start anew or read the dataset as it was");
    }
    if (state.settings !== this.#plan.fingerprint) {
      refuse(
        "the state belongs to a reader with other fields, seed, shuffle, shard, predicate or filters",
        "make the reader with the same ones",
      );
    }
    const { epoch, group, row, taken } = state;
    const numbers = [epoch, group, row, taken];
    if (!numbers.every((part) => Number.isSafeInteger(part) && part >= 0) || group > this.#groups.count) {
      refuse("its numbers are out of range", "give what state() gave");
    }
    this.#moveTo({ epoch, group, row, taken });
  }

  /** Starts again at the first epoch. */
  reset(): void {
    this.#moveTo(START);
  }

  #moveTo(cursor: Cursor): void {
    this.#groups.clear();
    this.#found = null;
    this.#cursor = { ...cursor };
    this.#at = 0;
  }

  /** Lets go of the store, of what was loaded ahead, and of the workers. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#moveTo(START);
    this.#groups[Symbol.dispose]();
    await this.#dataset[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.dispose](): void {
    this.close().catch(() => {});
  }
}
