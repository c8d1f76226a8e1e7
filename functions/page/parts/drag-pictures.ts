// Dragging pictures of a dataset onto a class. What is dragged from elsewhere is left alone.

import { useState } from 'preact/hooks';

/** The kind of what is dragged; browsers know it in lower case alone. */
const KIND = 'application/x-fovea-pictures';

/** A picture as it was shown. */
export interface ShownFile {
  readonly path: string;
  /** The sha256 of what was shown, where it is known. */
  readonly content_hash?: string | null | undefined;
}

interface Dragged {
  readonly dataset: string;
  readonly files: readonly ShownFile[];
}

/**
 * The properties of an element that is dragged.
 * @param files gives the pictures that go along; asked when the drag begins.
 */
export const dragOf = (dataset: string, files: () => readonly ShownFile[]) => ({
  draggable: true,
  onDragStart: ({ dataTransfer }: DragEvent) => {
    if (dataTransfer === null) return;
    const dragged: Dragged = {
      dataset,
      files: files().map(({ path, content_hash }) => ({ path, content_hash })),
    };
    dataTransfer.setData(KIND, JSON.stringify(dragged));
    dataTransfer.effectAllowed = 'move';
  },
});

/** A place where pictures are dropped. */
export interface DropPlace {
  /** A class of the style sheet while pictures are held over it. */
  readonly over: 'over' | '';
  /** The properties of its element. */
  readonly place: {
    readonly onDragOver: (event: DragEvent) => void;
    readonly onDragLeave: () => void;
    readonly onDrop: (event: DragEvent) => void;
  };
}

/** A place where pictures of a dataset are dropped. @param onFiles is called with them. */
export function useDropPlace(dataset: string, onFiles: (files: readonly ShownFile[]) => void): DropPlace {
  const [isOver, setOver] = useState(false);
  const isOurs = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes(KIND) === true;
  return {
    over: isOver ? 'over' : '',
    place: {
      onDragOver: (event) => {
        if (!isOurs(event)) return;
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event) => {
        setOver(false);
        if (!isOurs(event)) return;
        event.preventDefault();
        const dragged: Dragged = JSON.parse(event.dataTransfer?.getData(KIND) || '{"files":[]}');
        // Another tab may show another dataset.
        if (dragged.dataset === dataset && dragged.files.length > 0) onFiles(dragged.files);
      },
    },
  };
}
