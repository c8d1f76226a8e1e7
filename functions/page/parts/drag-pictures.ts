// Dragging pictures of a dataset onto a class. What is dragged from elsewhere is left alone.

import { useState } from 'preact/hooks';

/** The kind of what is dragged; browsers know it in lower case alone. */
const KIND = 'application/x-fovea-pictures';

interface Dragged {
  readonly dataset: string;
  readonly paths: readonly string[];
}

/**
 * The properties of an element that is dragged.
 * @param paths gives the pictures that go along; asked when the drag begins.
 */
export const dragOf = (dataset: string, paths: () => readonly string[]) => ({
  draggable: true,
  onDragStart: ({ dataTransfer }: DragEvent) => {
    if (dataTransfer === null) return;
    const dragged: Dragged = { dataset, paths: paths() };
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

/** A place where pictures of a dataset are dropped. @param onPaths is called with their paths. */
export function useDropPlace(dataset: string, onPaths: (paths: readonly string[]) => void): DropPlace {
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
        const dragged: Dragged = JSON.parse(event.dataTransfer?.getData(KIND) || '{"paths":[]}');
        // Another tab may show another dataset.
        if (dragged.dataset === dataset && dragged.paths.length > 0) onPaths(dragged.paths);
      },
    },
  };
}
