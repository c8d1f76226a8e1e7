// A button that deletes something for good, once somebody is sure.

import { useState } from 'preact/hooks';
import { makeChange } from '../state/changes.ts';
import { refresh } from '../state/lists.ts';
import { goTo } from '../state/route.ts';
import { Failure } from './notice.tsx';

interface EraseButtonProps {
  readonly label: string;
  /** What is asked before. It names what depends on the thing; where only the server knows that, it is asked first. It throws why the thing cannot be deleted now. */
  readonly sure: string | (() => Promise<string>);
  readonly erase: () => Promise<unknown>;
  /** The view that is shown when it is gone. */
  readonly then: readonly string[];
}

/** The button, and why it failed. */
export function EraseButton({ label, sure, erase, then }: EraseButtonProps) {
  const [failure, setFailure] = useState<unknown>();
  const act = () =>
    makeChange(`erase ${then.join('/')} ${label}`, {
      sure: async () => confirm(typeof sure === 'string' ? sure : await sure()),
      send: erase,
      done: async () => {
        await refresh().catch(() => undefined);
        goTo(then);
      },
      fail: setFailure,
    });
  return (
    <>
      <button type="button" class="danger" onClick={() => void act()}>
        {label}
      </button>
      <Failure error={failure} />
    </>
  );
}
