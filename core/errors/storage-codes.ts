// Error codes of the object store and of the objects in it.

import type { ErrorCodeTable } from './error-code-table.ts';

/** Codes of storage, models and weights, with what each means and what to do. */
export const STORAGE_CODES = {
  'storage-unavailable':
    'The storage does not answer. Try again; if that does not help, check the disk, its mount or the network.',
  'storage-conflict': 'Other writers of the same object were faster. Try again.',
  'storage-read-truncated':
    'An object was cut short while it was read. Try again when it is copied completely.',
  'storage-full': 'The disk, or the quota on it, is full. Free space where the storage folder is.',
  'storage-denied':
    'The storage refuses the access. Give this process the right to read and write the folder or bucket.',
  'storage-read-only':
    'The disk is mounted read-only. Mount it for writing, or put the storage folder on another disk.',
  'storage-bucket-missing': 'There is no such bucket. Create it, or correct its name, region or endpoint.',
  'storage-unsupported':
    'The file system lacks hard links or renaming. Put the whole storage folder on one that has both.',
  'storage-unconditional':
    'The storage ignores conditional writes, on which everything that is shared rests. Use a server that has them.',
  'storage-folder-missing': 'There is no such folder. Create it, or correct its path.',
  'storage-link-refused':
    'A symbolic link leads out of the storage folder, or Fovea was to write through one. Link whole datasets only, and change their files where the link leads.',
  'storage-name-not-utf8': 'The name of a file is not valid UTF-8. Rename the file.',
  'storage-url-invalid': 'This is not the URL of an object store. Give a `file:` or `s3:` URL, or `memory:`.',
  'key-invalid': 'This is not an allowed object key. Join non-empty names by single slashes.',
  'key-too-long': 'The object key, or one of its names, is too long. Shorten it.',
  'key-conflict':
    'A file and a folder cannot have the same name. Use another name, or remove what is in the way.',
  'object-archived':
    'The object is in an archive of S3 and cannot be read at once. Restore it, or copy it to the class STANDARD.',
  'object-too-large': 'The object is too large for one upload. Send at most 5 GB.',
  'precondition-failed': 'The object is not in the expected state. Read it again and decide anew.',
  'record-invalid': 'A stored record cannot be read. Restore it from a copy, or delete it.',
  'format-newer': 'A newer Fovea wrote the object. Upgrade this one, or name an older version of a model.',
  'record-missing': 'There is no such record to change. It was deleted meanwhile.',
  'record-contended': 'Other writers of the same record were faster. Try again.',

  'copy-target-taken': 'The target of the copy is not empty. Name an empty place outside of the original.',
  'backup-empty': 'There is nothing to back up there. Name the data folder or bucket that is in use.',
  'backup-not-found': 'There is no backup there. Name what `fovea backup` has made.',
  'backup-unfinished': 'The backup is not finished. Run the same `fovea backup` again to finish it.',
  'backup-damaged':
    'Objects of the backup are missing or have changed. Use another backup, or bring them back.',
  'restore-unfinished': 'The restore is not finished. Run the same `fovea restore` again to finish it.',

  'model-corrupt':
    'A stored model cannot be used. Restore it from a copy, name another version, or train it again.',
  'model-parity-failed':
    'The model gives other answers on this machine than where it was made. Install the versions that its report names.',
  'model-needs-memory':
    'The model does not fit the memory of the server. Give it more, as the message says, or name a smaller model.',
  'model-commit-invalid': 'The version does not fit its manifest and was not published. Run the job again.',
  'model-version-exists':
    'Another job has published the version, and it cannot change. Claim another version.',
  'preprocessing-unsupported': 'The preprocessing does not fit the channels. Use `tf`, `unit` or `none`.',
  'preprocessing-invalid':
    'The numbers of the preprocessing are not allowed. Give `mean` and `std` of pixel values from 0 to 1, one or three each.',
  'variant-unavailable':
    'The model has no smaller variants, as those on an imported backbone. Use its `model.onnx`, or train one of the networks of Fovea.',
  'pictures-missing':
    'There are too few pictures to calibrate with. Give two or more; some hundred are better.',
  'labels-invalid':
    'A label is missing, empty, there twice or not UTF-8. Give the name of every class, in the order of the output.',
  'weights-mismatch': 'The weights do not fit the network. Give those of the same architecture.',
  'weights-unreadable': 'The weights cannot be read. Give a Keras weight file: .h5, .weights.h5 or .keras.',
  'weights-unavailable':
    'The pretrained weights are not here and could not be downloaded. Put the file that the message names into a folder, start the server with `--weights FOLDER`, and ask for the job again.',
  'weights-exists':
    'Another weight file has the name. Move that file away, or keep both: choose another name with `--as`.',
  'weights-download-failed': 'The weights could not be downloaded. Try again, or supply the file by hand.',

  'download-failed': 'The file could not be downloaded. Try again: the download continues.',
  'download-refused':
    'The address is not allowed. Name an https URL or a repository of a hub, or allow a server of yours with `--allow-http`.',
  'download-changed':
    'The file is another one than before, or than was published. Compare the hashes, and accept it with `--sha256`.',
  'download-too-large': 'The file is too large. Check that it is the one that you mean.',

  'model-files-invalid':
    'The files are no export of a classifier, are damaged or too large. Give the files that the message names.',
  'model-unsupported':
    'The model is of a kind, or has layers, that cannot be imported. Export it as the message says.',
  'model-setting-needed': 'The files do not say how the model is used. Give the setting that `param` names.',
  'backbone-name-invalid':
    'This is not an allowed name of a backbone. Use a name within the rules of the message.',
  'backbone-not-found': 'There is no such backbone. Import it, or name one that the message gives.',
  'backbone-exists': 'Another backbone has the name, and it cannot be replaced. Choose another name.',
  'backbone-corrupt': 'A stored backbone cannot be used. Restore it from a copy, or import it again.',
  'backbone-unreadable':
    'The file cannot be loaded as an ONNX model. Check it with onnx.checker and export it again.',
  'backbone-external-data':
    'Weights beside the model cannot be read. Put its files into one folder, or export it into one file.',
  'backbone-input-unsupported': 'The model does not take one float32 picture. Check `--size` and `--layout`.',
  'backbone-batch-fixed': 'The model takes a fixed number of pictures. Export it with an open batch.',
  'backbone-output-unsupported':
    'The output gives no float32 features. Name another with `--output`, or say `--pool` for tokens.',
  'backbone-ops-unsupported':
    'The model has operators that ONNX Runtime lacks. Export it with standard ones.',
  'backbone-too-large': 'The file is too large. Export a smaller network, or its lower part.',
  'backbone-frozen': 'The layers of an imported backbone cannot be trained. Set `recipe.stages` to `head`.',
} as const satisfies ErrorCodeTable;
