/** Jupyter messages on the wire, protocol 5.3: https://jupyter-client.readthedocs.io/en/stable/messaging.html */

import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { LakebookError } from "../../core/errors.ts";

const DELIMITER = "<IDS|MSG>";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const HEADER = z.looseObject({ msg_id: z.string(), msg_type: z.string() });
const PARENT = z.looseObject({ msg_id: z.string().optional() });
const CONTENT = z.record(z.string(), z.unknown());

/** One message of a kernel or to a kernel, without its routing frames. */
export interface KernelMessage {
  msg_id: string;
  msg_type: string;
  /** The request that this message answers, where there is one. */
  parent_id?: string | undefined;
  content: Record<string, unknown>;
}

/**
 * The frames of a signed message.
 *
 * @example A round trip; another key does not open it
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const frames = encodeMessage({ msg_id: "1", msg_type: "kernel_info_request", content: {} }, "key", "session");
 * assertEquals(decodeMessage(frames, "key").msg_type, "kernel_info_request");
 * assertThrows(() => decodeMessage(frames, "other"), Error, "signature");
 * ```
 */
export function encodeMessage(message: KernelMessage, key: string, session: string): Uint8Array[] {
  const header = {
    msg_id: message.msg_id,
    msg_type: message.msg_type,
    session,
    username: "lakebook",
    date: new Date().toISOString(),
    version: "5.3",
  };
  const parent = message.parent_id === undefined ? {} : { ...header, msg_id: message.parent_id };
  const parts = [header, parent, {}, message.content].map((part) => encoder.encode(JSON.stringify(part)));
  return [encoder.encode(DELIMITER), encoder.encode(sign(parts, key)), ...parts];
}

/**
 * Reads the frames of a message and verifies its HMAC-SHA256 signature.
 *
 * @throws {LakebookError} when frames are missing, the signature does not match or the JSON is not a message
 */
export function decodeMessage(frames: readonly Uint8Array[], key: string): KernelMessage {
  const at = frames.findIndex((frame) =>
    frame.length === DELIMITER.length && decoder.decode(frame) === DELIMITER
  );
  const parts = frames.slice(at + 2, at + 6);
  if (at < 0 || parts.length < 4) {
    throw new LakebookError("Cannot read a kernel message: frames are missing, restart the kernel");
  }
  const signature = frames[at + 1]!;
  const expected = encoder.encode(sign(parts, key));
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
    throw new LakebookError(
      "Cannot trust a kernel message: its signature does not match the session's key, restart the kernel",
    );
  }
  try {
    const [header, parent, , content] = parts.map((part): unknown => JSON.parse(decoder.decode(part)));
    const { msg_id, msg_type } = HEADER.parse(header);
    return { msg_id, msg_type, parent_id: PARENT.parse(parent).msg_id, content: CONTENT.parse(content) };
  } catch (cause) {
    throw new LakebookError("Cannot read a kernel message: its JSON is malformed, restart the kernel", {
      cause,
    });
  }
}

function sign(parts: readonly Uint8Array[], key: string): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}
