/**
 * A local stand-in for `jsr:@std/assert`, for machines that cannot reach JSR: the functions that Lakebook's
 * tests use, over `node:assert`. Delete the `links` entry of `deno.json` to use the published package.
 */
import nodeAssert from "node:assert/strict";

/** Thrown by every function here. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

function attempt(check: () => void, message?: string): void {
  try {
    check();
  } catch (error) {
    const detail = (error as Error).message;
    throw new AssertionError(message === undefined ? detail : `${message}: ${detail}`, { cause: error });
  }
}

/** Fails unless `condition` is truthy. */
export function assert(condition: unknown, message = "Expected a truthy value"): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Fails unless the two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  attempt(() => nodeAssert.deepStrictEqual(actual, expected), message);
}

/** Fails if the two values are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  attempt(() => nodeAssert.notDeepStrictEqual(actual, expected), message);
}

/** Fails unless the two values are the same by `Object.is`. */
export function assertStrictEquals<T>(actual: T, expected: T, message?: string): void {
  attempt(() => nodeAssert.strictEqual(actual, expected), message);
}

/** Fails unless `|actual - expected| <= tolerance`; the default tolerance is 1e-7 of `expected`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance = Math.max(Math.abs(expected) * 1e-7, Number.MIN_VALUE),
  message?: string,
): void {
  if (Object.is(actual, expected) || Math.abs(actual - expected) <= tolerance) return;
  throw new AssertionError(
    `${message ?? "Values differ"}: ${actual} is not within ${tolerance} of ${expected}`,
  );
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `${message ?? "Text differs"}: expected ${JSON.stringify(expected)} in:\n${actual}`,
  );
}

/** Fails unless `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(`${message ?? "Text differs"}: expected ${expected} to match:\n${actual}`);
}

// deno-lint-ignore no-explicit-any -- an error class may take any arguments
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function checkError<E extends Error>(error: unknown, ErrorClass?: ErrorClass<E>, text?: string): E {
  if (ErrorClass && !(error instanceof ErrorClass)) {
    const name = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new AssertionError(`Expected a ${ErrorClass.name}, got ${name}`, { cause: error });
  }
  if (text !== undefined) assertStringIncludes((error as Error).message, text);
  return error as E;
}

/** Fails unless `fn` throws (an `ErrorClass` whose message contains `text`); returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass?: ErrorClass<E>,
  text?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, ErrorClass, text);
  }
  throw new AssertionError("Expected the function to throw");
}

/** Fails unless `fn` rejects (with an `ErrorClass` whose message contains `text`); resolves to the error. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass?: ErrorClass<E>,
  text?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, ErrorClass, text);
  }
  throw new AssertionError("Expected the promise to be rejected");
}
