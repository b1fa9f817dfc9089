/** A graphics card for tfjs, for as long as a training runs. */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors.ts";

/** What WebGPU is asked for; `navigator.gpu` of Deno and of browsers. */
export interface Gpu {
  requestAdapter(): Promise<{ info: { description: string } } | null>;
}

/**
 * Lets tfjs compute on WebGPU until the result is disposed of.
 *
 * @param say told which adapter there is.
 * @throws {ConfigError} where Deno finds no adapter; nothing falls back in silence.
 */
export async function useWebGpu(gpu: Gpu | undefined, say: (text: string) => void): Promise<Disposable> {
  const adapter = await gpu?.requestAdapter();
  if (!adapter) {
    throw new ConfigError(
      `Cannot train on WebGPU: ${
        gpu ? "Deno finds no adapter on this machine" : "this Deno has no WebGPU"
      }, see the graphics driver, or leave --backend out`,
    );
  }
  say(`WebGPU on ${adapter.info.description}`);
  tf.enableProdMode(); // without tfjs's greetings
  await import("@tensorflow/tfjs-backend-webgpu");
  if (!await tf.setBackend("webgpu")) {
    throw new ConfigError("Cannot train on WebGPU: tfjs cannot use the adapter, leave --backend out");
  }
  return { [Symbol.dispose]: () => void tf.setBackend("cpu") };
}
