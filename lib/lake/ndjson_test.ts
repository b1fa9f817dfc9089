import { assertEquals, assertThrows } from "@std/assert";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { writeExactJson } from "../core/exact_json.ts";
import { LakeError } from "../core/errors.ts";
import { decodeNdjson, encodeNdjson } from "./ndjson.ts";

const ROWS = [{ id: "bitcoin", name: 'Qu"ote, ünï\n\u2028', price: 1.5 }, { id: "a", price: null }];

Deno.test("encodeNdjson() writes one line a row and the same bytes every time", () => {
  const bytes = encodeNdjson(ROWS);
  assertEquals(encodeNdjson(structuredClone(ROWS)), bytes);
  const lines = new TextDecoder().decode(gunzipSync(bytes)).split("\n");
  assertEquals([lines.length, lines[1], lines[2]], [3, '{"id":"a","price":null}', ""]);
  assertEquals([...bytes.subarray(4, 8)], [0, 0, 0, 0], "the gzip header holds no time");
});

Deno.test("decodeNdjson() gives back what encodeNdjson() took", () => {
  assertEquals(decodeNdjson(encodeNdjson([]), "k"), []);
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), (rows) => {
      const plain = JSON.parse(JSON.stringify(rows));
      // Integers beyond 2^53 come back as bigints, so the text is compared.
      assertEquals(writeExactJson(decodeNdjson(encodeNdjson(plain), "k")), writeExactJson(plain));
    }),
    { seed: 5, numRuns: 100 },
  );
});

Deno.test("decodeNdjson() raises a LakeError that names the object, wherever it is cut", () => {
  const bytes = encodeNdjson(ROWS);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(
      () => decodeNdjson(bytes.subarray(0, length), "a/b"),
      LakeError,
      'Cannot read "a/b": it is damaged',
    );
  }
  for (const text of ["{", '{"a":1}\nnull]', "Throttled"]) {
    assertThrows(
      () => decodeNdjson(gzipSync(text), "a/b"),
      LakeError,
      "delete it and run the pipeline again",
    );
  }
});
