// What datasets, classes and files may be called over HTTP, as a pattern for readers; functions/routes/dataset-name.ts says why
// a name is refused.

/** No path, no hidden file, nothing that cannot be printed. */
export const FILE_NAME_PATTERN =
  '^[^./\\\\\\u0000-\\u001f\\u007f-\\u009f][^/\\\\\\u0000-\\u001f\\u007f-\\u009f]*$';
