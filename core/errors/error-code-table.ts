// The form of a table of error codes. Knows no code.

/** A table from codes to what each means and what to do, in two short sentences of Markdown. */
export type ErrorCodeTable = Readonly<Record<string, string>>;
