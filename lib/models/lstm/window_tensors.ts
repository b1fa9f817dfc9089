/** Windows of a dataset as tensors: flat arrays go into tfjs as they are, without a copy and without row objects. */
import * as tf from "@tensorflow/tfjs";

/** What `windowBatches` of the room `dataset` gives, or anything of that form. */
export interface FlatWindows {
  /** `[windows, lookBack, features]`, row-major. */
  x: Float32Array;
  shape: [windows: number, lookBack: number, features: number];
  /** The target of each window; null without one. */
  y: Float32Array | null;
}

/** A step of training. */
export interface WindowTensors {
  x: tf.Tensor3D;
  /** `[windows, 1]`; null without targets. */
  y: tf.Tensor2D | null;
}

/**
 * Turns batches of windows into tensors, one batch at a time. They are disposed of when the loop asks for the next batch
 * or is left: clone what has to live longer.
 *
 * @example From a dataset's record batches into a step of training
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs";
 * import { tableFromArrays } from "apache-arrow";
 * import { windowBatches } from "../../dataset/window_batches.ts";
 * await tf.setBackend("cpu");
 * const { batches } = tableFromArrays({ price: Float32Array.from({ length: 20 }, (_, i) => i / 20) });
 * const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [4, 1] }), tf.layers.dense({ units: 1 })] });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const shapes = [], before = tf.memory().numTensors;
 * for await (const { x, y } of windowTensors(windowBatches(batches, { features: ["price"], lookBack: 4, target: "price", batchSize: 10 }))) {
 *   await model.trainOnBatch(x, y!);
 *   shapes.push(x.shape, y!.shape);
 * }
 * assertEquals(shapes, [[10, 4, 1], [10, 1], [6, 4, 1], [6, 1]]);
 * assertEquals(tf.memory().numTensors - before <= 1, true); // the optimizer's own step counter, nothing of ours
 * model.dispose();
 * ```
 */
export async function* windowTensors(
  batches: AsyncIterable<FlatWindows> | Iterable<FlatWindows>,
): AsyncGenerator<WindowTensors, void, undefined> {
  for await (const { x, shape, y } of batches) {
    const tensors = { x: tf.tensor3d(x, shape), y: y && tf.tensor2d(y, [shape[0], 1]) };
    try {
      yield tensors;
    } finally {
      tensors.x.dispose();
      tensors.y?.dispose();
    }
  }
}
