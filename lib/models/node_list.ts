import { newTree, type Tree } from "./tree.ts";

/** How a node is split. */
export interface NodeSplit {
  column: number;
  /** A row whose value is below goes left. */
  threshold: number;
  /** How much the split lowers the summed squared error. */
  gain: number;
}

/**
 * The nodes of a tree that grows, in pre-order: a node's left child is added right after it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const nodes = new NodeList(3);
 * nodes.split(nodes.add(0, -1), { column: 0, threshold: 2, gain: 8 });
 * nodes.add(5, -1);
 * nodes.add(9, 0);
 * assertEquals(nodes.tree().right, Int32Array.of(2, 0, 0));
 * ```
 */
export class NodeList {
  #count = 0;
  readonly #feature: Int32Array;
  readonly #threshold: Float64Array;
  readonly #right: Int32Array;
  readonly #value: Float64Array;
  readonly #gain: Float64Array;

  /** @param most the most nodes that there can be: `2 n − 1` for n leaves. */
  constructor(most: number) {
    this.#feature = new Int32Array(most);
    this.#threshold = new Float64Array(most);
    this.#right = new Int32Array(most);
    this.#value = new Float64Array(most);
    this.#gain = new Float64Array(most);
  }

  /** A leaf, until it is split; `parent` is the node whose right child it is, or −1. */
  add(value: number, parent: number): number {
    const node = this.#count++;
    this.#feature[node] = -1;
    this.#threshold[node] = 0;
    this.#right[node] = 0;
    this.#value[node] = value;
    this.#gain[node] = 0;
    if (parent >= 0) this.#right[parent] = node;
    return node;
  }

  split(node: number, { column, threshold, gain }: NodeSplit): void {
    this.#feature[node] = column;
    this.#threshold[node] = threshold;
    this.#gain[node] = gain;
  }

  /** Forgets all nodes: the next tree begins. */
  clear(): void {
    this.#count = 0;
  }

  /** A copy, in memory of its own. */
  tree(): Tree {
    const tree = newTree(this.#count), count = this.#count;
    tree.feature.set(this.#feature.subarray(0, count));
    tree.threshold.set(this.#threshold.subarray(0, count));
    tree.right.set(this.#right.subarray(0, count));
    tree.value.set(this.#value.subarray(0, count));
    tree.gain.set(this.#gain.subarray(0, count));
    return tree;
  }
}
