/** What pickles describe, as data. */
import { LakeError } from "../core/errors.ts";

/** A class by the module and name under which a pickle knows it. */
export class PickleClass {
  constructor(readonly module: string, readonly name: string) {}
  /** Module and name, with a dot between. */
  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** Pairs of keys and values. */
export class PickleDict {
  readonly entries: [key: PickleValue, value: PickleValue][] = [];
}

/** An object that a pickle describes: what would be called, with what, and the attributes that would be set. */
export class PickleObject {
  state: PickleValue = null;
  /** Pairs that would be set, of an object that is a dictionary. */
  readonly items: PickleDict = new PickleDict();
  constructor(readonly made_by: PickleClass, readonly args: readonly PickleValue[]) {}
}

/** What can stand in a pickle. Lists and tuples are arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleClass
  | PickleObject
  | PickleDict
  | PickleValue[];

/** The error of a pickle that is not read. */
export function pickleRefusal(state: string): LakeError {
  return new LakeError(
    `Cannot read a pickled schema: ${state}; nothing of it was run, write the dataset again with a tool you trust`,
  );
}
