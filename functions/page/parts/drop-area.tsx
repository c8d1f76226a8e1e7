// A place where files and folders are dropped, or chosen with the field inside.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { droppedFiles, type PathedFile } from '../state/dropped-files.ts';

interface DropAreaProps {
  readonly id: string;
  /** Further classes of the style sheet. */
  readonly kind: string;
  /** Is called with all files of what was dropped, also those in folders. */
  readonly onFiles: (files: readonly PathedFile[]) => void;
  /** What is shown, and the field: it is what keyboards reach. */
  readonly children: ComponentChildren;
}

/** The place. */
export function DropArea({ id, kind, onFiles, children }: DropAreaProps) {
  const [isOver, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the field is among the children.
    <label
      id={id}
      class={`drop${kind === '' ? '' : ` ${kind}`}${isOver ? ' over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer !== null) void droppedFiles(event.dataTransfer).then(onFiles);
      }}
    >
      {children}
    </label>
  );
}

interface DropHintProps {
  readonly title: string;
  readonly text: string;
}

/** What to do here, in words. */
export const DropHint = ({ title, text }: DropHintProps) => (
  <span class="drop-hint">
    <strong>{title}</strong>
    <span>{text}</span>
  </span>
);
