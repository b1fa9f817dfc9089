/** A trained network in tfjs's own format, `model.json` and `weights.bin`: stock tfjs loads it as it is. */
import * as tf from "@tensorflow/tfjs";
import { ModelError } from "../../core/errors.ts";
import type { ModelFiles } from "../model_files.ts";
import { Network, type NetworkShape } from "./network.ts";

const JSON_FILE = "model.json", WEIGHTS_FILE = "weights.bin";

/** A network's parts, without tfjs. */
export interface SavedNetwork {
  shape: NetworkShape;
  /** In the order of Keras's `get_weights`. */
  weights: readonly Float32Array[];
  /** What else has to be known to use it: scales, columns. Kept as tfjs's `userDefinedMetadata`. */
  notes: Record<string, unknown>;
}

/**
 * Writes both files into memory.
 *
 * @example In stock tfjs
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 * import { initialWeights } from "./initial_weights.ts";
 * import { Network } from "./network.ts";
 * const shape = { lookBack: 3, features: 1, units: 2, dropout: 0.2, seed: 1 };
 * const weights = initialWeights(shape);
 * const { "model.json": json, "weights.bin": bytes } = networkFiles({ shape, weights, notes: {} });
 * const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(json));
 * const weightSpecs = weightsManifest[0].weights;
 * const stock = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData: bytes!.buffer }));
 * const [theirs] = (stock.predict(tf.tensor3d([1, 2, 3], [1, 3, 1])) as tf.Tensor).dataSync();
 * using network = new Network(shape, weights);
 * const series = { values: Float32Array.of(1, 2, 3), features: 1 };
 * const [ours] = network.predict({ series, lookBack: 3, ends: Int32Array.of(2), targets: Float32Array.of(0) });
 * assertAlmostEquals(theirs!, ours!, 1e-6);
 * stock.dispose();
 * ```
 */
export function networkFiles({ shape, weights, notes }: SavedNetwork): ModelFiles {
  using network = new Network(shape, weights);
  const specs = network.model.weights.map(({ originalName: name, shape }) => ({
    name,
    shape,
    dtype: "float32",
  }));
  const description = {
    format: "layers-model",
    generatedBy: `TensorFlow.js tfjs-layers v${tf.version_layers}`,
    convertedBy: null,
    modelTopology: network.model.toJSON(null, false),
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: specs }],
    userDefinedMetadata: { lakebook: { ...notes, shape } },
  };
  const bytes = new Uint8Array(weights.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const array of weights) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  return { [JSON_FILE]: new TextEncoder().encode(JSON.stringify(description)), [WEIGHTS_FILE]: bytes };
}

/**
 * Reads both files.
 *
 * @throws {ModelError} where one is missing or cut, or the network is not one of ours.
 */
export function readNetwork(files: ModelFiles): SavedNetwork {
  const refuse = (why: string, cause?: unknown) =>
    new ModelError(`Cannot load "lstm": ${why}, train again`, { cause });
  let description;
  try {
    description = JSON.parse(new TextDecoder().decode(files[JSON_FILE]));
  } catch (cause) {
    throw refuse(`its ${JSON_FILE} is missing or cut`, cause);
  }
  const mine = description?.userDefinedMetadata?.lakebook;
  if (!mine?.shape) throw refuse(`its ${JSON_FILE} is not of an LSTM that was trained here`);
  const { shape, ...notes } = mine;
  const specs: { shape: number[] }[] | undefined = description.weightsManifest?.[0]?.weights;
  if (!Array.isArray(specs) || !specs.every((spec) => Array.isArray(spec?.shape))) {
    throw refuse(`its ${JSON_FILE} does not say which weights there are`);
  }
  const sizes = specs.map(({ shape }) => shape.reduce((product, side) => product * side, 1));
  const bytes = files[WEIGHTS_FILE], needed = 4 * sizes.reduce((sum, size) => sum + size, 0);
  if (bytes?.length !== needed) {
    throw refuse(`its ${WEIGHTS_FILE} has ${bytes?.length ?? "no"} bytes of ${needed}`);
  }
  let at = 0;
  const weights = sizes.map((size) => new Float32Array(bytes.slice(at, at += 4 * size).buffer));
  return { shape, weights, notes };
}
