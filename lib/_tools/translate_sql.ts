/** Writes `lib/warehouse/translated.json`: every `.sql` file of the warehouse, translated for DuckDB. */
import { statementKey, translateNow } from "../warehouse/translate.ts";

const WAREHOUSE = new URL("../warehouse/", import.meta.url);

/** All translations, by statement key, in a fixed order. */
export async function translateAll(): Promise<Record<string, string>> {
  const translations: Record<string, string> = {};
  for (const folder of ["materialize", "views"]) {
    const names = [...Deno.readDirSync(new URL(`${folder}/`, WAREHOUSE))].map((entry) => entry.name).sort();
    for (const name of names) {
      if (!name.endsWith(".sql")) continue;
      const sql = await Deno.readTextFile(new URL(`${folder}/${name}`, WAREHOUSE));
      translations[statementKey(sql)] = await translateNow(sql);
    }
  }
  return translations;
}

if (import.meta.main) {
  const path = new URL("translated.json", WAREHOUSE);
  await Deno.writeTextFile(path, `${JSON.stringify(await translateAll(), null, 2)}\n`);
}
