// A field for the name of a dataset or a model.

interface NameFieldProps {
  readonly id: string;
  readonly label: string;
  readonly help: string;
  readonly value: string;
  readonly onChange: (name: string) => void;
}

/** The field, with what a name may have below it. */
export const NameField = ({ id, label, help, value, onChange }: NameFieldProps) => (
  <>
    <label class="field">
      <span>{label}</span>
      <input
        id={id}
        value={value}
        required
        pattern="[A-Za-z0-9][A-Za-z0-9._\-]*"
        aria-describedby={`${id}-help`}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </label>
    <p id={`${id}-help`} class="hint">
      {help}
    </p>
  </>
);
