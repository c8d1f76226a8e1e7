// A button that deletes something for good, once somebody is sure.

import { useState } from 'preact/hooks';
import { refresh } from '../state/lists.ts';
import { goTo } from '../state/route.ts';
import { Failure } from './notice.tsx';

interface EraseButtonProps {
  readonly label: string;
  /** What is asked before. It names what depends on the thing. */
  readonly sure: string;
  readonly erase: () => Promise<unknown>;
  /** The view that is shown when it is gone. */
  readonly then: readonly string[];
}

/** The button, and why it failed. */
export function EraseButton({ label, sure, erase, then }: EraseButtonProps) {
  const [failure, setFailure] = useState<unknown>();
  const act = async () => {
    if (!confirm(sure)) return;
    try {
      await erase();
      await refresh().catch(() => undefined);
      goTo(then);
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <>
      <button type="button" class="danger" onClick={() => void act()}>
        {label}
      </button>
      <Failure error={failure} />
    </>
  );
}
