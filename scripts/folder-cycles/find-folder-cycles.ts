// Checks that the folders of a tree have an order: of a folder's own files, taken together, and each of its subfolders, none
// may import another and be imported by it, directly or through others. Knows nothing of how imports are found.

/** A file and the files that it imports, all relative to the root of the tree. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** A ring of rooms of one folder, each of which imports the next, and the last the first. */
export interface FolderCycle {
  /** The folder, `''` for the root. */
  readonly folder: string;
  /** Subfolders by name; `.` is the folder's own files. */
  readonly rooms: readonly string[];
  /** For each room an import of the next one, as `from → to`. */
  readonly imports: readonly string[];
}

/** Room of a file within a folder that it is in: `.`, or the name of a subfolder. */
function roomOf(folder: string, file: string): string {
  const [first = '', ...rest] = file.slice(folder === '' ? 0 : folder.length + 1).split('/');
  return rest.length === 0 ? '.' : first;
}

const isIn = (folder: string, file: string): boolean => folder === '' || file.startsWith(`${folder}/`);

/** Rooms of a folder, with those that each imports and an import that shows it. */
function roomsOf(folder: string, imports: Imports): Map<string, Map<string, string>> {
  const rooms = new Map<string, Map<string, string>>();
  for (const [file, targets] of imports) {
    if (!isIn(folder, file)) continue;
    const from = roomOf(folder, file);
    const known = rooms.get(from) ?? new Map<string, string>();
    rooms.set(from, known);
    for (const target of targets) {
      if (!isIn(folder, target)) continue;
      const to = roomOf(folder, target);
      if (to !== from && !known.has(to)) known.set(to, `${file} → ${target}`);
    }
  }
  return rooms;
}

/** The first ring that a walk from room to room meets. */
function findRing(rooms: ReadonlyMap<string, ReadonlyMap<string, string>>): readonly string[] | undefined {
  const done = new Set<string>();
  const walk = (room: string, path: readonly string[]): readonly string[] | undefined => {
    const start = path.indexOf(room);
    if (start >= 0) return path.slice(start);
    if (done.has(room)) return undefined;
    for (const next of rooms.get(room)?.keys() ?? []) {
      const ring = walk(next, [...path, room]);
      if (ring !== undefined) return ring;
    }
    done.add(room);
    return undefined;
  };
  for (const room of rooms.keys()) {
    const ring = walk(room, []);
    if (ring !== undefined) return ring;
  }
  return undefined;
}

/** One ring of each folder that has any. */
export function findFolderCycles(imports: Imports): readonly FolderCycle[] {
  const folders = new Set(['']);
  for (const file of imports.keys()) {
    const names = file.split('/').slice(0, -1);
    for (let depth = 1; depth <= names.length; depth++) folders.add(names.slice(0, depth).join('/'));
  }
  return [...folders].sort().flatMap((folder) => {
    const rooms = roomsOf(folder, imports);
    const ring = findRing(rooms);
    if (ring === undefined) return [];
    const shown = ring.map((room, index) => {
      const next = ring[(index + 1) % ring.length];
      return rooms.get(room)?.get(next ?? room) ?? room;
    });
    return [{ folder, rooms: ring, imports: shown }];
  });
}
