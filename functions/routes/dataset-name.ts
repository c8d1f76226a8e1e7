// Checks the names of datasets, classes and files that are sent over HTTP. Folders made by hand may have other names, as
// long as they can be object keys.

import { isFileName, NAME_MAX_BYTES } from '../../api/file-name.ts';
import { FoveaError } from '../../core/errors/errors.ts';

const SHOWN_CHARACTERS = 80;

/**
 * Checks the name of a dataset.
 * @param param the request's field, for the error.
 * @throws {FoveaError} `dataset-name-invalid`.
 */
export const parseDatasetName = (name: string, param = 'dataset'): string =>
  parseName(name, param, 'dataset');

/**
 * Checks the name of a class.
 * @param param the request's field, for the error.
 * @throws {FoveaError} `dataset-name-invalid`.
 */
export const parseClassName = (name: string, param = 'class'): string => parseName(name, param, 'class');

/**
 * Checks the name of a file.
 * @param param the request's field, for the error.
 * @throws {FoveaError} `dataset-name-invalid`.
 */
export const parseFileName = (name: string, param = 'file'): string => parseName(name, param, 'file');

/**
 * Checks the path of a file below its dataset: its folders, and its name.
 * @param param the request's field, for the error.
 * @param mostFolders how many folders it may have; one of them is the class.
 * @throws {FoveaError} `request-invalid`, `dataset-name-invalid`.
 */
export function parseFilePath(path: string, param: string, mostFolders: number): string[] {
  const folders = path.split('/');
  const file = folders.pop() ?? '';
  if (folders.length < 1 || folders.length > mostFolders)
    throw new FoveaError(
      'request-invalid',
      `The request is not valid. ${param}: ${JSON.stringify(path.slice(0, SHOWN_CHARACTERS))} must be <class>/<file>, with ` +
        `${mostFolders} folders at most.`,
      { param },
    );
  return [...folders.map((folder) => parseClassName(folder, param)), parseFileName(file, param)];
}

function parseName(name: string, param: string, kind: string): string {
  if (isFileName(name)) return name;
  throw new FoveaError(
    'dataset-name-invalid',
    `${JSON.stringify(name.slice(0, SHOWN_CHARACTERS))} cannot be the name of a ${kind}: it must have 1 to ` +
      `${NAME_MAX_BYTES} bytes of UTF-8, not start with ".", and hold no "/", "\\" or control character.`,
    { param },
  );
}
