/// <reference lib="deno.worker" />
/** The worker behind `gunzipPieces`: one request, then a message a piece. */
import { LakeError } from "../core/errors.ts";
import { linePieces, type PiecesReply, type PiecesRequest } from "./candle_pieces.ts";
import { openCandles } from "./candles_csv.ts";

self.onmessage = async ({ data }: MessageEvent<PiecesRequest>) => {
  const reply = (message: PiecesReply) => self.postMessage(message);
  try {
    for await (const piece of linePieces(openCandles(data.path, true), data)) reply({ piece });
    reply({ done: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    reply({ error: message, damaged: error instanceof LakeError });
  }
};
