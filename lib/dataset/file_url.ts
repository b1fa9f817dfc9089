/**
 * The path behind a `file://` URL; anything else as it is.
 *
 * @throws {TypeError} where the URL names another host or cannot be decoded.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(fromFileUrl("file:///data/a%20b"), "/data/a b");
 * assertEquals(fromFileUrl("data/bitcoin"), "data/bitcoin");
 * assertEquals(fromFileUrl("s3://bucket/bitcoin"), "s3://bucket/bitcoin");
 * ```
 */
export function fromFileUrl(url: string): string {
  if (!/^file:/i.test(url)) return url;
  const { host, pathname, search, hash } = new URL(url);
  if (host !== "" && host !== "localhost") {
    throw new TypeError(
      `Cannot open "${url}": it names the host "${host}", write file:///path with three slashes`,
    );
  }
  if (search !== "" || hash !== "") {
    throw new TypeError(
      `Cannot open "${url}": write ? as %3F and # as %23, or give the path without file://`,
    );
  }
  return decodeURIComponent(pathname);
}
