import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LakeError } from "../core/errors.ts";
import { anySchema } from "./_test_schemas.ts";
import { CompressedImageCodec, CompressedNdarrayCodec, NdarrayCodec, ScalarCodec } from "./codecs.ts";
import { BitcoinSchema, Unischema, UnischemaField } from "./unischema.ts";
import { unischemaFromPickle, unischemaToPickle } from "./unischema_pickle.ts";

const TESTDATA = new URL("./testdata/", import.meta.url);
const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** What the pickles in `testdata/` were made of, by Petastorm 0.13.1 on Python 3.9. */
const ALL_CODECS = new Unischema("AllCodecs", [
  new UnischemaField("timestamp", "int64", { codec: new ScalarCodec("LongType") }),
  new UnischemaField("price", "float32"),
  new UnischemaField("name", "str", { codec: new ScalarCodec("StringType"), nullable: true }),
  new UnischemaField("matrix", "float64", { shape: [null, 3], codec: new NdarrayCodec() }),
  new UnischemaField("zipped", "uint8", { shape: [2, 3], codec: new CompressedNdarrayCodec() }),
  new UnischemaField("image", "uint8", {
    shape: [null, null, 3],
    codec: new CompressedImageCodec("jpeg", 75),
    nullable: true,
  }),
  new UnischemaField("day", "datetime64", { codec: new ScalarCodec("TimestampType"), nullable: true }),
  new UnischemaField("amount", "decimal", { codec: new ScalarCodec({ precision: 10, scale: 2 }) }),
  new UnischemaField("raw", "bytes", { codec: new ScalarCodec("BinaryType") }),
  new UnischemaField("flag", "bool", { codec: new ScalarCodec("BooleanType") }),
]);

for (const { name } of [...Deno.readDirSync(TESTDATA)].filter(({ name }) => name.endsWith(".pickle"))) {
  Deno.test(`unischemaFromPickle() reads ${name}`, async () => {
    assertEquals(unischemaFromPickle(await Deno.readFile(new URL(name, TESTDATA))), ALL_CODECS);
  });

  Deno.test(`unischemaFromPickle() refuses ${name} with a LakeError wherever it is cut off`, async () => {
    const pickle = await Deno.readFile(new URL(name, TESTDATA));
    for (let length = 0; length < pickle.length; length++) {
      assertThrows(() => unischemaFromPickle(pickle.subarray(0, length)), LakeError);
    }
  });

  Deno.test(`unischemaFromPickle() gives a schema or a LakeError, whatever bytes of ${name} change`, async () => {
    const pickle = await Deno.readFile(new URL(name, TESTDATA));
    const change = fc.tuple(fc.nat(pickle.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = pickle.slice();
        for (const [place, byte] of changes) changed[place] = byte;
        try {
          unischemaFromPickle(changed);
        } catch (error) {
          if (!(error instanceof LakeError)) throw error;
        }
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
}

Deno.test("unischemaFromPickle() knows Petastorm under its old names", () => {
  for (const old of ["av.experimental.deepdrive.dataset_toolkit", "av.ml.dataset_toolkit"]) {
    const pickle = unischemaToPickle(BitcoinSchema).replaceAll("cpetastorm.", `c${old}.`);
    assertEquals(unischemaFromPickle(bytesOf(pickle)), BitcoinSchema);
  }
});

Deno.test("unischemaToPickle() writes ASCII lines that come back as any schema", () => {
  fc.assert(
    fc.property(anySchema(), (schema) => {
      const pickle = unischemaToPickle(schema);
      assertEquals(/^[\n\x20-\x7e]*$/.test(pickle), true);
      assertEquals(unischemaFromPickle(bytesOf(pickle)), schema);
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("unischemaFromPickle() names what a foreign or hostile pickle holds, and runs nothing", async () => {
  const touched = `${await Deno.makeTempDir()}/touched`;
  const system = (module: string) => `c${module}\nsystem\n(Vtouch ${touched}\ntR.`;
  const field = (values: string) =>
    `ccopy_reg\n_reconstructor\n(cpetastorm.unischema\nUnischema\nc__builtin__\nobject\nNtR(dV_name\nVS\nsV_fields\n` +
    `ccollections\nOrderedDict\n((l(lVx\naccopy_reg\n_reconstructor\n(cpetastorm.unischema\nUnischemaField\n` +
    `c__builtin__\ntuple\n(${values}ttRaatRsb.`;
  const table: [pickle: string, text: string][] = [
    ["", "it ends after 0 bytes"],
    [system("posix"), 'it names "posix.system"'],
    [system("os"), 'it names "os.system"'],
    [
      `\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x0etouch ${"x".repeat(8)}\x85R.`,
      'it names "posix.system"',
    ],
    ["c__builtin__\neval\n(V1+1\ntR.", 'it names "__builtin__.eval"'],
    ["cpetastorm.unischema\nUnischema.__init__.__globals__\n.", "which is not on the list"],
    ["cnumpy.core.multiarray\nscalar\n.", 'it names "numpy.core.multiarray.scalar"'],
    [`(Vtouch ${touched}\nios\nsystem\n.`, "opcode 0x69 at byte"],
    ["(cposix\nsystem\nVx\no.", 'it names "posix.system"'],
    ["Pid\n.", "opcode 0x50 at byte 0"],
    ["\x82\x01.", "opcode 0x82 at byte 0"],
    ["\x80\x06.", "its protocol is 6"],
    ["(".repeat(101), "it nests deeper than 100"],
    ["(".repeat(500_000), "it nests deeper than 100"],
    [`V${"a".repeat(70_000)}\n.`, "it has a text of 70000 bytes"],
    ["X\xff\xff\xff\x7fabc.", "it has a text of 2147483647 bytes"],
    ["X\x10\x00\x00\x00abc.", "it ends after 9 bytes"],
    ["a".repeat((1 << 20) + 1), "more than 1048576"],
    ["\x8c\x02\xff\xff.", "is not UTF-8"],
    ["g7\n.", "it recalls value 7"],
    ["p99999999999\n.", "it keeps a value under"],
    ["0.", "opcode 0x30"],
    [".", "a value is missing"],
    ["NN.", "it leaves values behind"],
    ["t.", "a mark is missing"],
    ["N(dR.", "it calls what is no class"],
    ["NNb.", "it sets attributes of what is no object"],
    ["NNa.", "it appends to what is no list"],
    ["NNNs.", "it sets items of what is no dictionary"],
    ["I12x\n.", 'its number is "12x"'],
    ["Sabc\n.", "is not in quotes"],
    ["(lp0\ng0\na.", "something else where an object is due"],
    ["N.", "something else where an object is due"],
    [field("Vx\ncnumpy\nint64\n(tNI00\n").replace("V_name", "V_game"), "has no name or no fields"],
    [field("Vx\nN(tNI00\n"), 'field "x" has no numpy type'],
    [field("Vx\ncnumpy\nfloat16\n(tNI00\n"), 'it names "numpy.float16"'],
    [field("Vx\ncnumpy\nint64\nVx\nNI00\n"), 'field "x" has a shape that is none'],
    [field("Vx\ncnumpy\nint64\n(I-2\ntNI00\n"), "its shape is (-2)"],
    [
      field("Vx\ncnumpy\nint64\n(tNI00\n").replace("OrderedDict", "ChainMap"),
      'it names "collections.ChainMap"',
    ],
  ];
  for (const [pickle, text] of table) {
    const error = assertThrows(() => unischemaFromPickle(bytesOf(pickle)), LakeError);
    assertEquals([pickle.slice(0, 60), error.message.includes(text) || error.message], [
      pickle.slice(0, 60),
      true,
    ]);
  }
  assertEquals(await Deno.stat(touched).catch(() => null), null);
});
