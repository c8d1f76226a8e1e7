// A field for the name of a dataset or a model, and what is wrong with such a name: the rules are those of the API, and of the key of the tab.

import { isFileName } from '../../../api/file-name.ts';
import { isModelName } from '../../../api/model-name.ts';
import { limitsWithout } from '../state/access.ts';
import { TEXTS } from '../words/texts.ts';

function problemOfLimits(kind: 'datasets' | 'models', name: string): string {
  const limits = limitsWithout(kind, name);
  return limits === null ? '' : TEXTS.access.limited(kind, limits);
}

/** Why a dataset cannot have the name; '' where it can. */
export const problemOfDatasetName = (name: string): string =>
  isFileName(name) ? problemOfLimits('datasets', name) : TEXTS.names.dataset;
/** Why a class cannot have the name; '' where it can. */
export const problemOfClassName = (name: string): string => (isFileName(name) ? '' : TEXTS.names.class);
/** Why a model cannot have the name; '' where it can. */
export const problemOfModelName = (name: string): string =>
  isModelName(name) ? problemOfLimits('models', name) : TEXTS.names.model;

interface NameFieldProps {
  readonly id: string;
  readonly label: string;
  readonly help: string;
  readonly value: string;
  /** What is wrong with the name; '' where nothing is. */
  readonly problem: string;
  readonly onChange: (name: string) => void;
}

/** The field, with what a name may have below it. */
export const NameField = ({ id, label, help, value, problem, onChange }: NameFieldProps) => (
  <>
    <label class="field">
      <span>{label}</span>
      <input
        id={id}
        value={value}
        required
        aria-invalid={problem !== ''}
        aria-describedby={`${id}-problem ${id}-help`}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </label>
    <p id={`${id}-problem`} class="hint" role="status">
      {problem}
    </p>
    <p id={`${id}-help`} class="hint">
      {help}
    </p>
  </>
);
