// Files and folders that people drop, with their paths.

/** A file and its path below the folder that was dropped or chosen, that folder included. */
export interface PathedFile {
  readonly file: File;
  readonly path: string;
}

async function readEntry(entry: FileSystemEntry): Promise<PathedFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ file, path: entry.fullPath.replace(/^\//, '') }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: PathedFile[] = [];
  // A browser gives some hundred entries at a time, and none at the end.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (entries.length === 0) return found;
    for (const child of entries) found.push(...(await readEntry(child)));
  }
}

/** All files of what was dropped, also those in folders. */
export async function droppedFiles(transfer: DataTransfer): Promise<PathedFile[]> {
  // The list is only there during the event, so the entries are taken before anything is awaited.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, path: file.name }));
  return (await Promise.all(entries.map(readEntry))).flat();
}

/** The files of a field that takes folders. */
export const chosenFiles = (input: HTMLInputElement): PathedFile[] =>
  [...(input.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
