/** The answers of the served market before they are HTTP: a status, headers and a body. */

/** What is answered, without a socket and without the connection's own troubles. */
export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** A request as the market sees it. */
export interface MarketQuery {
  /** The path without `/api/v3`, for example `/coins/bitcoin/ohlc`. */
  path: string;
  parameters: URLSearchParams;
  /** The market's clock. */
  now: Date;
}

/** Raised while an answer is being made; the market answers it instead. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(status: number, body: unknown) {
    super(`status ${status}`);
    this.answer = jsonAnswer(status, body);
  }
}

/** The headers that go with data; CoinGecko caches, so does whoever is between. */
export function jsonAnswer(status: number, body: unknown): Answer {
  return {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": status === 200 ? "public, max-age=30" : "no-cache",
      "access-control-allow-origin": "*",
    },
    body: JSON.stringify(body),
  };
}

/** CoinGecko's plain way of saying no: `{"error":"…"}`. */
export function refuse(status: number, error: string): never {
  throw new Refusal(status, { error });
}

/** The value of a parameter that must be there; an empty one counts as absent. */
export function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  return value === null || value === "" ? refuse(422, `Missing parameter ${name}`) : value;
}

/** The currency of prices: this market knows the US dollar. */
export function requireUsd(parameters: URLSearchParams): void {
  if (required(parameters, "vs_currency").toLowerCase() !== "usd") refuse(400, "invalid vs_currency");
}

/** Parameters of the API that this market does not know are refused rather than ignored. */
export function refuseUnserved(parameters: URLSearchParams, unserved: readonly string[]): void {
  for (const name of unserved) {
    const value = parameters.get(name);
    if (value === null || value === "" || value === "false") continue;
    refuse(400, `the demo market does not serve the parameter ${name}`);
  }
}

/** CoinGecko's time inside a message: `2025-11-20T02:49:16.124+00:00`. */
export function stamp(now: Date): string {
  return now.toISOString().replace("Z", "+00:00");
}
