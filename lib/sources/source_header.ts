/** The demo market names itself in this header, so that its prices never pass for real ones, whatever its address. */
export const SOURCE_HEADER = "x-lakebook-source";
