/** Where the candles came from that a model was trained or compared on, and what its card says of them. */

/** A live lake, a demo lake with simulated prices, or a file that a person named, which may hold either. */
export type DataSource = "live" | "demo" | "file";

/** What follows a card's title where the prices are not real. */
export function demoNotice(source: DataSource): string {
  return source === "demo"
    ? "\n**Demo market: simulated prices, not real ones. Nothing here tells of a real market.**\n"
    : "";
}

/** The first sentence of a card's ethical considerations. */
export const DATA_WORDS: Readonly<Record<DataSource, string>> = {
  live: "Public market data, no persons.",
  demo: "Simulated data of the demo market, no persons.",
  file: "Candles of a file that was named, no persons; whether they are real prices, the file does not say.",
};

/** How a card names the data's source in a list of facts. */
export const SOURCE_WORDS: Readonly<Record<DataSource, string>> = {
  live: "a live lake",
  demo: "the demo market (simulated)",
  file: "a candle file",
};
