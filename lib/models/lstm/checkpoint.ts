/**
 * What a training needs to go on as if it had never been stopped, as bytes: weights, Adam's moments and step, epoch,
 * losses so far, best weights. Random numbers need no state: each epoch draws from a stream of its own.
 *
 * The file is `LBCP`, the length of a JSON header (32 bits, little-endian), the header, all numbers as little-endian
 * float32, and the SHA-256 of all that.
 */
import { createHash } from "node:crypto";
import { ModelError } from "../../core/errors.ts";

/** A training between two epochs. */
export interface TrainingSnapshot {
  /** Epochs that are done. */
  epoch: number;
  /** Losses of each epoch: on the windows trained on, and on those kept for validation (null without any). */
  losses: { train: number; validation: number | null }[];
  /** The epoch with the best loss, from 1; 0 before the first. */
  best_epoch: number;
  /** Weights now, in the network's order. */
  weights: Float32Array<ArrayBuffer>[];
  /** Weights after the best epoch. */
  best: Float32Array<ArrayBuffer>[];
  /** Adam's steps so far and its moments, one array a weight. */
  adam: { step: number; m: Float32Array[]; v: Float32Array[] };
}

const MAGIC = "LBCP", VERSION = 1, HEAD = 8, HASH = 32;

/** The bytes of a checkpoint. `identity` says of which model, settings and data it is: see `LstmTraining.identity`. */
export function encodeCheckpoint(identity: string, snapshot: TrainingSnapshot): Uint8Array<ArrayBuffer> {
  const { weights, best, adam, ...rest } = snapshot;
  const header = new TextEncoder().encode(JSON.stringify({
    ...{ version: VERSION, identity, ...rest, adam_step: adam.step },
    lengths: weights.map(({ length }) => length),
  }));
  const arrays = [...weights, ...best, ...adam.m, ...adam.v];
  const size = HEAD + header.length + arrays.reduce((sum, { byteLength }) => sum + byteLength, 0) + HASH;
  const bytes = new Uint8Array(size), view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(4, header.length, true);
  bytes.set(header, HEAD);
  let at = HEAD + header.length;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  bytes.set(hashOf(bytes.subarray(0, at)), at);
  return bytes;
}

/**
 * A checkpoint's contents.
 *
 * @param place for messages: the file's path.
 * @throws {ModelError} where the bytes are cut or damaged, or belong to another model, other settings or other data.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const adam = { step: 7, m: [Float32Array.of(3)], v: [Float32Array.of(4)] };
 * const weights = [Float32Array.of(1)], best = [Float32Array.of(2)];
 * const snapshot = { epoch: 1, losses: [{ train: 0.5, validation: null }], best_epoch: 1, weights, best, adam };
 * const bytes = encodeCheckpoint("mine", snapshot);
 * assertEquals(decodeCheckpoint(bytes, { identity: "mine", place: "a" }), snapshot);
 * assertThrows(() => decodeCheckpoint(bytes, { identity: "yours", place: "a" }), Error, "another model");
 * assertThrows(() => decodeCheckpoint(bytes.subarray(9), { identity: "mine", place: "a" }), Error, "cut or damaged");
 * ```
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  { identity, place }: { identity: string; place: string },
): TrainingSnapshot {
  const refuse = (why: string) =>
    new ModelError(`Cannot resume from "${place}": ${why}, delete it or train without --resume`);
  const end = bytes.length - HASH;
  const whole = end >= HEAD && new TextDecoder().decode(bytes.subarray(0, 4)) === MAGIC &&
    hashOf(bytes.subarray(0, end)).every((byte, i) => byte === bytes[end + i]);
  if (!whole) throw refuse("the checkpoint is cut or damaged");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD, HEAD + length)));
  if (header.version !== VERSION) throw refuse(`its format is version ${header.version}, this is ${VERSION}`);
  if (header.identity !== identity) {
    throw refuse("the checkpoint is of another model, other settings or other data");
  }
  let at = HEAD + length;
  const [weights, best, m, v] = [0, 1, 2, 3].map(() =>
    (header.lengths as number[]).map((count) => new Float32Array(bytes.slice(at, at += 4 * count).buffer))
  );
  const { epoch, losses, best_epoch, adam_step: step } = header;
  return { epoch, losses, best_epoch, weights: weights!, best: best!, adam: { step, m: m!, v: v! } };
}

function hashOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}
