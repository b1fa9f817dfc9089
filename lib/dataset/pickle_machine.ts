import { PickleClass, pickleRefusal, type PickleValue } from "./pickle_values.ts";

/** What a pickle may hold. */
export interface PickleLimits {
  /** Paths of the classes that it may name. */
  classes: ReadonlySet<string>;
  /** Bytes in all; 1 MiB where left out. */
  maxBytes?: number;
  /** Bytes of one text; 64 KiB where left out. */
  maxTextBytes?: number;
  /** Open marks, which is how deep it nests; 100 where left out. */
  maxMarks?: number;
}

/** The bytes of a pickle with a place in them, and the stack, marks and memo that its opcodes work on. */
export class PickleMachine {
  #position = 0;
  readonly #stack: PickleValue[] = [];
  /** Heights of the stack at which the open marks stand. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #view: DataView;
  readonly #classes: ReadonlySet<string>;
  readonly #maxTextBytes: number;
  readonly #maxMarks: number;

  constructor(
    readonly bytes: Uint8Array,
    { classes, maxBytes = 1 << 20, maxTextBytes = 1 << 16, maxMarks = 100 }: PickleLimits,
  ) {
    if (bytes.length > maxBytes) throw pickleRefusal(`it has ${bytes.length} bytes, more than ${maxBytes}`);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#classes = classes;
    this.#maxTextBytes = maxTextBytes;
    this.#maxMarks = maxMarks;
  }

  /** Where the next byte stands. */
  get position(): number {
    return this.#position;
  }

  /** How many values lie on the stack. */
  get height(): number {
    return this.#stack.length;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) {
      throw pickleRefusal(`a value is missing before byte ${this.#position}`);
    }
    return this.#stack.pop()!;
  }

  mark(): void {
    if (this.#marks.length >= this.#maxMarks) throw pickleRefusal(`it nests deeper than ${this.#maxMarks}`);
    this.#marks.push(this.#stack.length);
  }

  /** All values above the last mark, which is gone then. */
  popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw pickleRefusal(`a mark is missing before byte ${this.#position}`);
    return this.#stack.splice(mark);
  }

  /** Keeps the value on top under a number, or the next free one. */
  keep(key: number = this.#memo.size): void {
    const value = this.pop();
    this.#memo.set(key, value);
    this.push(value);
  }

  /** Pushes a value that was kept. */
  recall(key: number): void {
    if (!this.#memo.has(key)) throw pickleRefusal(`it recalls value ${key}, which it never kept`);
    this.push(this.#memo.get(key)!);
  }

  /** A class, where it is on the list. */
  classNamed(module: PickleValue, name: PickleValue): PickleClass {
    const found = new PickleClass(String(module), String(name));
    if (!this.#classes.has(found.path)) {
      throw pickleRefusal(
        `it names "${found.path.slice(0, 200)}", which is not on the list of a schema's classes`,
      );
    }
    return found;
  }

  /** Text up to the next line feed, a character a byte. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw this.#cutOff();
    const start = this.#takeText(end - this.#position);
    this.#take(1);
    return Array.from(this.bytes.subarray(start, end), (byte) => String.fromCharCode(byte)).join("");
  }

  /** UTF-8 text after its length in bytes. */
  text(length: number): string {
    const start = this.#takeText(length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
        .decode(this.bytes.subarray(start, start + length));
    } catch {
      throw pickleRefusal(`its text at byte ${start} is not UTF-8`);
    }
  }

  uint(width: 1 | 2 | 4 | 8): number {
    const start = this.#take(width);
    if (width === 8) return Number(this.#view.getBigUint64(start, true));
    if (width === 4) return this.#view.getUint32(start, true);
    return width === 2 ? this.#view.getUint16(start, true) : this.bytes[start]!;
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** A signed number of any width, lowest byte first. */
  integer(width: number): number | bigint {
    const start = this.#take(width);
    const sum = this.bytes.subarray(start, start + width)
      .reduceRight<bigint>((sum, byte) => sum << 8n | BigInt(byte), 0n);
    const value = BigInt.asIntN(8 * width, sum);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  #takeText(length: number): number {
    if (length > this.#maxTextBytes) {
      throw pickleRefusal(`it has a text of ${length} bytes, more than ${this.#maxTextBytes}`);
    }
    return this.#take(length);
  }

  /** Moves on by `count` bytes; gives where they start. */
  #take(count: number): number {
    const start = this.#position;
    if (start + count > this.bytes.length) throw this.#cutOff();
    this.#position += count;
    return start;
  }

  #cutOff() {
    return pickleRefusal(`it ends after ${this.bytes.length} bytes, in the middle`);
  }
}
