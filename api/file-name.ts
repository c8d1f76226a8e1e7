// The names that datasets, classes and files may have over HTTP, as a pattern for the OpenAPI document. The checks that say why a
// name is refused are in functions/routes/dataset-name.ts; pages ask before they send.

const NAME = '[^./\\\\\\u0000-\\u001f\\u007f-\\u009f][^/\\\\\\u0000-\\u001f\\u007f-\\u009f]*';
/** A regular expression: the name is no path and no hidden file, and all of it can be printed. */
export const FILE_NAME_PATTERN = `^${NAME}$`;
/** The longest name that file systems allow, in bytes of UTF-8. */
export const NAME_MAX_BYTES = 255;
const PATTERN = new RegExp(FILE_NAME_PATTERN);

/** Whether a dataset, a class or a file may have the name over HTTP. */
export const isFileName = (name: string): boolean =>
  PATTERN.test(name) &&
  !/\p{Surrogate}/u.test(name) &&
  new TextEncoder().encode(name).length <= NAME_MAX_BYTES;

/** A path below a dataset, as files made by hand may have it: names joined by single slashes. */
export const FILE_PATH_PATTERN = '^[^/\\u0000]+(/[^/\\u0000]+)*$';
/** A file in a class, with at most one folder before or in the class. */
export const CLASS_FILE_PATTERN = `^${NAME}(/${NAME}){1,2}$`;
