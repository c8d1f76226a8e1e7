// The names that datasets, classes and files may have over HTTP, as a pattern for the OpenAPI document. The checks that say why a
// name is refused are in functions/routes/dataset-name.ts.

const NAME = '[^./\\\\\\u0000-\\u001f\\u007f-\\u009f][^/\\\\\\u0000-\\u001f\\u007f-\\u009f]*';
/** A regular expression: the name is no path and no hidden file, and all of it can be printed. */
export const FILE_NAME_PATTERN = `^${NAME}$`;
/** A path below a dataset, as files made by hand may have it: names joined by single slashes. */
export const FILE_PATH_PATTERN = '^[^/\\u0000]+(/[^/\\u0000]+)*$';
/** A file in a class, with at most one folder before or in the class. */
export const CLASS_FILE_PATTERN = `^${NAME}(/${NAME}){1,2}$`;
