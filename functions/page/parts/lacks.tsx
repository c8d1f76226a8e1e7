// What a key does not allow, in a sentence in place of the buttons for it.

import { access, allows, type Scope } from '../state/access.ts';
import { TEXTS } from '../words/texts.ts';

interface LacksProps {
  /** What the key needs. */
  readonly scope: Scope;
  /** What it would need it for. */
  readonly to: string;
}

/** Says what the key lacks; nothing where it does not, or that is not known yet. */
export function Lacks({ scope, to }: LacksProps) {
  const { name, scopes } = access.value ?? {};
  if (allows(scope) !== false || name == null) return null;
  return (
    <p class="hint lacks" role="note">
      {TEXTS.access.lacks(name, scopes?.at(-1) ?? '', scope, to)}
    </p>
  );
}
