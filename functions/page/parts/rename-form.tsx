// A form for another name of something, with what is wrong with the name below its field.

import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { TEXTS } from '../words/texts.ts';

interface RenameFormProps {
  readonly id?: string;
  /** What opens the form. */
  readonly summary: ComponentChildren;
  /** The present name. */
  readonly name: string;
  /** Why the thing cannot have the name; '' where it can. */
  readonly problemOf: (name: string) => string;
  /** What a name may be, shown beforehand. */
  readonly help?: string;
  /** Is called with a name that is another one and has no problem. */
  readonly act: (name: string) => Promise<void>;
}

/** The form. */
export function RenameForm({ id, summary, name, problemOf, help = '', act }: RenameFormProps) {
  const [problem, setProblem] = useState('');
  const hint = useId();
  return (
    <details class="rename" {...(id === undefined ? {} : { id })}>
      <summary>{summary}</summary>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const wanted = String(new FormData(event.currentTarget).get('name') ?? '').trim();
          const found = problemOf(wanted);
          setProblem(found);
          if (found === '' && wanted !== name) void act(wanted);
        }}
      >
        <input
          name="name"
          defaultValue={name}
          aria-label={TEXTS.dataset.renameLabel(name)}
          aria-invalid={problem !== ''}
          aria-describedby={hint}
          onInput={() => setProblem('')}
        />
        <button type="submit">{TEXTS.dataset.save}</button>
      </form>
      <p id={hint} class={problem === '' ? 'hint' : 'hint problem'} role="status">
        {problem === '' ? help : problem}
      </p>
    </details>
  );
}
