/**
 * A parser of Python pickles that never runs anything. A pickle is a small program; this reads it as data: a closed
 * list of opcodes builds lists, dictionaries and descriptions of objects, and a class is only ever a name, which has
 * to be on the caller's list. Whatever else a pickle asks for is refused with an error that names it.
 *
 * @module
 */
import { type PickleLimits, PickleMachine } from "./pickle_machine.ts";
import { PickleClass, PickleDict, PickleObject, pickleRefusal, type PickleValue } from "./pickle_values.ts";

/**
 * What a pickle describes. Protocols 0 to 5 are read, as far as plain objects need them.
 *
 * @throws {LakeError} where it is damaged, too large, or has an opcode or a class that is not on the list.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { LakeError } from "../core/errors.ts";
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * assertEquals(parsePickle(bytes("(lp0\nVone\naI2\na."), { classes: new Set() }), ["one", 2]);
 * const hostile = bytes("cposix\nsystem\n(Vtouch /tmp/x\ntR.");
 * assertThrows(() => parsePickle(hostile, { classes: new Set() }), LakeError, 'it names "posix.system"');
 * ```
 */
export function parsePickle(bytes: Uint8Array, limits: PickleLimits): PickleValue {
  const machine = new PickleMachine(bytes, limits);
  while (true) {
    const at = machine.position;
    const code = machine.uint(1);
    if (code === STOP) {
      const value = machine.pop();
      if (machine.height > 0) throw pickleRefusal("it leaves values behind at its end");
      return value;
    }
    const act = OPCODES.get(code);
    if (!act) {
      throw pickleRefusal(
        `its opcode 0x${code.toString(16).padStart(2, "0")} at byte ${at} is not supported`,
      );
    }
    act(machine);
  }
}

const STOP = ".".charCodeAt(0);

/** The closed list, with the names of Python's `pickletools`. */
const OPCODES = new Map<number, (machine: PickleMachine) => void>(
  Object.entries<(machine: PickleMachine) => void>({
    // Values on lines: protocol 0.
    "I": /* INT */ (m) => m.push(lineNumber(m.line())),
    "L": /* LONG */ (m) => m.push(lineNumber(m.line().replace(/L$/, ""))),
    "F": /* FLOAT */ (m) => m.push(lineFloat(m.line())),
    "S": /* STRING */ (m) => m.push(quotedText(m.line())),
    "V": /* UNICODE */ (m) => m.push(escapedText(m.line())),
    "N": /* NONE */ (m) => m.push(null),
    // Values as bytes.
    "\x88": /* NEWTRUE */ (m) => m.push(true),
    "\x89": /* NEWFALSE */ (m) => m.push(false),
    "K": /* BININT1 */ (m) => m.push(m.uint(1)),
    "M": /* BININT2 */ (m) => m.push(m.uint(2)),
    "J": /* BININT */ (m) => m.push(m.int32()),
    "\x8a": /* LONG1 */ (m) => m.push(m.integer(m.uint(1))),
    "G": /* BINFLOAT */ (m) => m.push(m.float64()),
    "U": /* SHORT_BINSTRING */ (m) => m.push(m.text(m.uint(1))),
    "T": /* BINSTRING */ (m) => m.push(m.text(m.uint(4))),
    "X": /* BINUNICODE */ (m) => m.push(m.text(m.uint(4))),
    "\x8c": /* SHORT_BINUNICODE */ (m) => m.push(m.text(m.uint(1))),
    // Lists, tuples, dictionaries.
    "(": /* MARK */ (m) => m.mark(),
    "l": /* LIST */ (m) => m.push(m.popToMark()),
    "]": /* EMPTY_LIST */ (m) => m.push([]),
    "a": /* APPEND */ (m) => append(m, [m.pop()]),
    "e": /* APPENDS */ (m) => append(m, m.popToMark()),
    "t": /* TUPLE */ (m) => m.push(m.popToMark()),
    ")": /* EMPTY_TUPLE */ (m) => m.push([]),
    "\x85": /* TUPLE1 */ (m) => m.push([m.pop()]),
    "\x86": /* TUPLE2 */ (m) => m.push([m.pop(), m.pop()].reverse()),
    "\x87": /* TUPLE3 */ (m) => m.push([m.pop(), m.pop(), m.pop()].reverse()),
    "d": /* DICT */ (m) => {
      const items = m.popToMark();
      m.push(new PickleDict());
      setItems(m, items);
    },
    "}": /* EMPTY_DICT */ (m) => m.push(new PickleDict()),
    "s": /* SETITEM */ (m) => setItems(m, [m.pop(), m.pop()].reverse()),
    "u": /* SETITEMS */ (m) => setItems(m, m.popToMark()),
    // Classes and objects: described, never made.
    "c": /* GLOBAL */ (m) => m.push(m.classNamed(m.line(), m.line())),
    "\x93": /* STACK_GLOBAL */ (m) => {
      const name = m.pop();
      m.push(m.classNamed(m.pop(), name));
    },
    "R": /* REDUCE */ describeObject,
    "\x81": /* NEWOBJ */ describeObject,
    "b": /* BUILD */ (m) => {
      const state = m.pop();
      const object = m.pop();
      if (!(object instanceof PickleObject)) throw pickleRefusal("it sets attributes of what is no object");
      object.state = state;
      m.push(object);
    },
    // The memo.
    "p": /* PUT */ (m) => m.keep(memoKey(m.line())),
    "q": /* BINPUT */ (m) => m.keep(m.uint(1)),
    "r": /* LONG_BINPUT */ (m) => m.keep(m.uint(4)),
    "\x94": /* MEMOIZE */ (m) => m.keep(),
    "g": /* GET */ (m) => m.recall(memoKey(m.line())),
    "h": /* BINGET */ (m) => m.recall(m.uint(1)),
    "j": /* LONG_BINGET */ (m) => m.recall(m.uint(4)),
    // What only says how the rest is written.
    "\x80": /* PROTO */ (m) => {
      const protocol = m.uint(1);
      if (protocol > 5) throw pickleRefusal(`its protocol is ${protocol}, and 0 to 5 are known`);
    },
    "\x95": /* FRAME */ (m) => void m.uint(8),
  }).map(([letter, act]) => [letter.charCodeAt(0), act]),
);

/** Takes arguments and callable from the stack and notes that one would be called with the others. */
function describeObject(m: PickleMachine): void {
  const args = m.pop();
  const callable = m.pop();
  if (!(callable instanceof PickleClass) || !Array.isArray(args)) {
    throw pickleRefusal("it calls what is no class");
  }
  m.push(new PickleObject(callable, args));
}

function append(m: PickleMachine, items: PickleValue[]): void {
  const list = m.pop();
  if (!Array.isArray(list)) throw pickleRefusal("it appends to what is no list");
  for (const item of items) list.push(item);
  m.push(list);
}

/** Sets pairs of a dictionary, or of an object that is one. */
function setItems(m: PickleMachine, items: PickleValue[]): void {
  const target = m.pop();
  const dict = target instanceof PickleObject ? target.items : target;
  if (!(dict instanceof PickleDict) || items.length % 2 !== 0) {
    throw pickleRefusal("it sets items of what is no dictionary");
  }
  for (let i = 0; i < items.length; i += 2) dict.entries.push([items[i]!, items[i + 1]!]);
  m.push(target);
}

function lineNumber(text: string): number | bigint | boolean {
  if (text === "00" || text === "01") return text === "01";
  if (!/^-?\d{1,20}$/.test(text)) throw pickleRefusal(`its number is "${text.slice(0, 40)}"`);
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
}

function lineFloat(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw pickleRefusal(`its number is "${text.slice(0, 40)}"`);
  return value;
}

function memoKey(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw pickleRefusal(`it keeps a value under "${text.slice(0, 40)}"`);
  return Number(text);
}

/** Text in Python's quotes, as `repr()` writes it. */
function quotedText(text: string): string {
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || text.at(-1) !== quote) {
    throw pickleRefusal(`its text ${JSON.stringify(text.slice(0, 40))} is not in quotes`);
  }
  const simple: Record<string, string> = { n: "\n", r: "\r", t: "\t", "\\": "\\", "'": "'", '"': '"' };
  return text.slice(1, -1).replace(
    /\\(?:x([0-9a-fA-F]{2})|(.?))/g,
    (_, hex: string | undefined, letter: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      const found = simple[letter!];
      if (found === undefined) throw pickleRefusal(`its text has the escape "\\${letter}"`);
      return found;
    },
  );
}

/** Text in Python's `raw-unicode-escape`: only `\uXXXX` and `\UXXXXXXXX` stand for something else. */
function escapedText(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g, (_, short?: string, long?: string) => {
    const code = parseInt(short ?? long!, 16);
    if (code > 0x10ffff) throw pickleRefusal(`its text has the character U+${code.toString(16)}`);
    return String.fromCodePoint(code);
  });
}
