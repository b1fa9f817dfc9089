/** What tfjs computes on, for as long as a command runs. */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors.ts";

/** What WebGPU is asked for; `navigator.gpu` of Deno and of browsers. */
export interface Gpu {
  requestAdapter(): Promise<{ info: { description: string }; isFallbackAdapter?: boolean } | null>;
}

/**
 * Chooses tfjs's backend until the result is disposed of. On `webgpu` the LSTM runs as stock tfjs has it, operation by
 * operation: for networks as small as ours the kernel on `cpu` is the faster one, and the only one that repeats bits.
 *
 * @param say told which adapter there is.
 * @throws {ConfigError} for `webgpu` where Deno finds no adapter; nothing falls back in silence.
 */
export async function useBackend(
  name: "cpu" | "webgpu",
  { gpu, say }: { gpu: Gpu | undefined; say: (text: string) => void },
): Promise<Disposable> {
  tf.enableProdMode(); // without tfjs's greeting
  if (name === "webgpu") {
    const adapter = await gpu?.requestAdapter();
    if (!adapter) {
      throw new ConfigError(
        `Cannot train on WebGPU: ${
          gpu ? "Deno finds no adapter on this machine" : "this Deno has no WebGPU"
        }, see the graphics driver, or leave --backend out`,
      );
    }
    say(`WebGPU on ${adapter.info.description}`);
    await import("@tensorflow/tfjs-backend-webgpu");
  }
  if (!await tf.setBackend(name)) {
    throw new ConfigError(`Cannot train on ${name}: tfjs cannot use it here, leave --backend out`);
  }
  return { [Symbol.dispose]: () => void tf.setBackend("cpu") };
}
