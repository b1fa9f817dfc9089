/** A graphics card for tfjs, for as long as a training runs. */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors.ts";

/** What WebGPU is asked for; `navigator.gpu` of Deno and of browsers. */
export interface Gpu {
  requestAdapter(): Promise<{ info: AdapterInfo } | null>;
}

/** What an adapter says of itself. */
interface AdapterInfo {
  description: string;
  /** Whether it computes on the processor; not every driver says so. */
  isFallbackAdapter?: boolean;
}

/** Names of renderers that compute on the processor. */
const SOFTWARE = /llvmpipe|lavapipe|swiftshader|basic render|software/i;

/**
 * Lets tfjs compute on WebGPU until the result is disposed of.
 *
 * @param say told which adapter there is.
 * @throws {ConfigError} where Deno finds no adapter, or a software renderer only, which took 300 times as long as the
 * plain backend; nothing falls back in silence.
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
  const { description, isFallbackAdapter } = adapter.info;
  if (isFallbackAdapter || SOFTWARE.test(description)) {
    throw new ConfigError(
      `Cannot train on WebGPU: the adapter "${description}" is a software renderer, which is slower than the plain ` +
        "backend, see the graphics driver, or leave --backend out",
    );
  }
  say(`WebGPU on ${description}`);
  tf.enableProdMode(); // without tfjs's greetings
  await import("@tensorflow/tfjs-backend-webgpu");
  if (!await tf.setBackend("webgpu")) {
    throw new ConfigError("Cannot train on WebGPU: tfjs cannot use the adapter, leave --backend out");
  }
  return { [Symbol.dispose]: () => void tf.setBackend("cpu") };
}
