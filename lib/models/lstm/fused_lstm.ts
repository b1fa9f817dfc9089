import * as tf from "@tensorflow/tfjs";
import { ModelError } from "../../core/errors.ts";
import type { Shape } from "./pass_buffers.ts";
import { Workspace } from "./workspace.ts";

/** As of `tf.layers.lstm`. */
export type LstmConfig = Parameters<typeof tf.layers.lstm>[0];

/** Which code a layer has run. */
export interface LstmDiagnostics {
  /** Calls that the kernel answered. */
  fusedCalls: number;
  /** Calls that stock tfjs answered. */
  stockCalls: number;
  /** Why stock tfjs answered, or will for this configuration; empty for a layer that is always fused. */
  reasons: string[];
}

/** What we use of the stock layer; tfjs does not export its type. */
interface StockLstm extends tf.layers.Layer {
  readonly cell: {
    readonly units: number;
    readonly useBias: boolean;
    readonly dropout: number;
    readonly recurrentDropout: number;
    readonly activation: { getClassName(): string };
    readonly recurrentActivation: { getClassName(): string };
    readonly kernel: { read(): tf.Tensor };
    readonly recurrentKernel: { read(): tf.Tensor };
    readonly bias: { read(): tf.Tensor };
  };
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
}

type CallOptions = { mask?: unknown; initialState?: unknown; training?: boolean } | undefined;

/** The stock class by the name under which saved models ask for it. */
const StockLstm = tf.serialization.SerializationMap.getMap().classNameMap["LSTM"]![0] as unknown as {
  new (config: LstmConfig): StockLstm;
};

/**
 * An LSTM layer: stock tfjs' own, saved and loaded as such, whose sums run in a WebAssembly kernel, forward
 * and backward through time (`kernel.as.ts`), on as many threads as `lstmThreads` has started. It is made by
 * {@linkcode fusedLstm}.
 *
 * What the kernel does not do runs as in stock tfjs, and `diagnostics` says so: activations other than tanh
 * and sigmoid, no bias, dropout inside the layer, `returnState`, `goBackwards`, `stateful`, masks, an initial
 * state, and backends other than tfjs' plain `cpu`. Numbers differ from stock's by rounding (activations are
 * within 2e-7 of the exact ones); on one kind of processor they are the same bits each time.
 */
export class FusedLstm extends StockLstm {
  static readonly className = "LSTM";
  readonly #space = new Workspace();
  readonly #calls = { fused: 0, stock: 0 };
  readonly #reasons: Set<string>;

  constructor(config: LstmConfig) {
    super(config);
    this.#reasons = new Set(this.#unsupported());
  }

  /** Which code has run so far. */
  get diagnostics(): LstmDiagnostics {
    return { fusedCalls: this.#calls.fused, stockCalls: this.#calls.stock, reasons: [...this.#reasons] };
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: CallOptions): tf.Tensor | tf.Tensor[] {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    const reasons = [...this.#unsupported(), ...unsupportedCall(x, kwargs)];
    for (const reason of reasons) this.#reasons.add(reason);
    if (reasons.length > 0) {
      this.#calls.stock++;
      return super.call(inputs, kwargs ?? {});
    }
    this.#calls.fused++;
    const { kernel, recurrentKernel, bias } = this.cell;
    return this.#run(x, kernel.read(), recurrentKernel.read(), bias.read());
  }

  override dispose(): ReturnType<StockLstm["dispose"]> {
    this.#space.dispose();
    return super.dispose();
  }

  #run(...inputs: [x: tf.Tensor, W: tf.Tensor, U: tf.Tensor, b: tf.Tensor]): tf.Tensor {
    const [windows, steps, features] = inputs[0].shape as [number, number, number];
    const { cell: { units }, returnSequences: sequences } = this;
    const shape: Shape = { steps, features, units, sequences };
    const outShape = sequences ? [windows, steps, units] : [windows, units];
    if (!tf.engine().isTapeOn()) {
      return tf.tensor(this.#space.infer(data(inputs), shape), outShape, "float32");
    }

    return tf.customGrad((...args) => {
      const save = args.pop() as tf.GradSaveFunc;
      const { h, backward } = this.#space.train(data(args as tf.Tensor[]), shape);
      save(args as tf.Tensor[]);
      return {
        value: tf.tensor(h, outShape, "float32"),
        gradFunc: (dH: tf.Tensor, saved: tf.Tensor[]) => {
          if (tf.engine().isTapeOn()) {
            throw new ModelError(
              `Cannot take a second derivative of layer "${this.name}": the kernel has the first alone, ` +
                "use tf.layers.lstm",
            );
          }
          const { x, W, U, b } = backward(data(saved), dH.dataSync<"float32">());
          return [x, W, U, b].map((derivative, i) => tf.tensor(derivative, saved[i]!.shape, "float32"));
        },
      };
    })(...inputs);
  }

  /** What of the configuration the kernel does not do. */
  #unsupported(): string[] {
    const { cell } = this;
    const found: [boolean, string][] = [
      [cell.activation.getClassName() !== "tanh", `activation ${cell.activation.getClassName()}`],
      [
        cell.recurrentActivation.getClassName() !== "sigmoid",
        `recurrentActivation ${cell.recurrentActivation.getClassName()}`,
      ],
      [!cell.useBias, "no bias"],
      [cell.dropout > 0, "dropout"],
      [cell.recurrentDropout > 0, "recurrentDropout"],
      [this.returnState, "returnState"],
      [this.goBackwards, "goBackwards"],
      [this.stateful, "stateful"],
    ];
    return found.filter(([is]) => is).map(([, reason]) => reason);
  }
}

/**
 * A layer for `tf.sequential` and the like, as `tf.layers.lstm` makes them but for two things: it runs in the
 * kernel where it can (see {@linkcode FusedLstm}), and `recurrentActivation` is `sigmoid`, as in Keras and
 * PyTorch, unless given (tfjs' own default, `hardSigmoid`, is none of the kernel's). Weights are tfjs' to
 * initialise: give seeded initialisers for weights that can be had again.
 *
 * @example It loads in stock tfjs and predicts the same
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { assert, assertEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 });
 * const recurrentInitializer = tf.initializers.glorotUniform({ seed: 2 });
 * const layer = fusedLstm({ units: 3, inputShape: [4, 1], kernelInitializer, recurrentInitializer });
 * const model = tf.sequential({ layers: [layer] });
 * const x = tf.tensor([0.1, 0.2, 0.3, 0.4], [1, 4, 1]);
 * const ours = (model.predict(x) as tf.Tensor).dataSync();
 * assertEquals(layer.diagnostics, { fusedCalls: 1, stockCalls: 0, reasons: [] });
 *
 * let saved: tf.io.ModelArtifacts = {};
 * await model.save(tf.io.withSaveHandler((artifacts) => {
 *   saved = artifacts;
 *   return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) });
 * }));
 * const stock = await tf.loadLayersModel(tf.io.fromMemory(saved));
 * const theirs = (stock.predict(x) as tf.Tensor).dataSync();
 * assert(ours.every((value, i) => Math.abs(value - theirs[i]!) < 1e-6));
 * ```
 */
export function fusedLstm(config: LstmConfig): FusedLstm {
  return new FusedLstm({ recurrentActivation: "sigmoid", ...config });
}

/** What of one call the kernel does not do. */
function unsupportedCall(x: tf.Tensor, kwargs: CallOptions): string[] {
  const given = (value: unknown) => Array.isArray(value) ? value.some((one) => one != null) : value != null;
  const found: [boolean, string][] = [
    [given(kwargs?.mask), "mask"],
    [given(kwargs?.initialState), "initialState"],
    [x.size === 0, "empty input"],
    [tf.getBackend() !== "cpu", `backend ${tf.getBackend()}`],
  ];
  return found.filter(([is]) => is).map(([, reason]) => reason);
}

function data([x, W, U, b]: tf.Tensor[]) {
  return { x: x!.dataSync(), W: W!.dataSync(), U: U!.dataSync(), b: b!.dataSync() };
}
