// Compare and swap for files, correct between processes without locks, timers or heartbeats.
//
// POSIX renames are atomic but unconditional, so "replace the file only if it is still version V" is built from a slot
// per (path, V): the folder claims/<hash>. Etags never repeat, hence a path that has left version V never returns to it.
//
// 1. A writer that sees V prepares a private folder holding one entry, its token: the complete, synced new content under
//    a name that nobody else ever uses. Renaming this folder to the slot succeeds only while the slot is missing or
//    empty, so one token at most is in it.
// 2. It looks at the path again. Still V: the claim is valid, and as everybody else needs the slot to move the path
//    away from V, the path stays V for as long as the token stays in the slot. No longer V: the claim came too late.
// 3. To commit is to rename the token over the path. It works once: a unique name that has moved away cannot move again,
//    so whoever is slow, or was stopped for an hour, can neither repeat the step nor carry a later content.
// 4. A writer that finds a token in the slot, and after that still V at the path, knows that the claim is valid and
//    commits it on behalf of its owner, who may be dead. Nobody waits, and every lost race is some other writer's win.
// 5. Whether it won, the owner reads off its token: it takes the token back, and if there is none left to take, then it
//    was committed. That is true even if later writers have replaced the content since.
//
// A deletion claims in the same way with an empty folder as token, and commits by renaming the path *into* that folder.
// Others revoke it by removing the folder, which fails once the deletion has happened; a dead deleter blocks nobody.
// What is left by a kill is a token that the next writer of the path commits: the killed write then counts as done.

import { link, mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, succeeds } from './file-errors.ts';
import { versionAt } from './file-version.ts';

/** The path of the slot for claims on one version of a file. */
export type SlotOf = (version: string) => string;

/** The name that a deleted file has in the claim of its deletion, until it is removed. */
export const DELETED_NAME = 'gone';

const TAKEN = ['ENOTEMPTY', 'EEXIST'] as const;
/** Enough for two deleters that keep revoking each other's claims to fall out of step. */
const REVOKED_PAUSE_MS = 4;

/**
 * Links a staged file, which stays, to a path where no file is yet; returns `false` where there is one. The folder of the path must
 * exist.
 */
export async function createFile(staged: string, path: string): Promise<boolean> {
  try {
    return await succeeds(link(staged, path), 'EEXIST');
  } catch (error) {
    // The file is our own, so EPERM means that the file system has no hard links.
    if (errnoOf(error) === 'EPERM')
      throw Object.assign(new Error('no hard links', { cause: error }), { code: 'ENOTSUP' });
    throw error;
  }
}

/** Commits whatever claim is valid in the slot, or revokes it where it is a deletion. */
async function settleSlot(slot: string, path: string, version: string): Promise<void> {
  const tokens: string[] = [];
  await succeeds(
    readdir(slot).then((names) => tokens.push(...names)),
    'ENOENT',
  );
  for (const token of tokens) {
    // Only this order of looking makes the claim known as valid: first the token, then the path.
    if ((await versionAt(path)) !== version) return;
    const held = join(slot, token);
    if (await succeeds(rmdir(held), 'ENOTDIR', 'ENOENT', ...TAKEN)) continue;
    if ((await stat(held).catch(() => undefined))?.isFile()) await succeeds(rename(held, path), 'ENOENT');
  }
}

/** Puts a prepared claim folder in the slot; `false` where the path has left the version. */
async function placeClaim(claim: string, slot: string, path: string, version: string): Promise<boolean> {
  while ((await versionAt(path)) === version) {
    if (await succeeds(rename(claim, slot), ...TAKEN)) return true;
    await settleSlot(slot, path, version);
  }
  return false;
}

/**
 * Replaces a path by a staged file if the path is still at a version.
 *
 * @returns `true` where it was replaced; `false` where the path was no longer at the version. Then the staged file remains.
 */
export async function replaceFile(
  staged: string,
  path: string,
  version: string,
  slotOf: SlotOf,
): Promise<boolean> {
  const token = basename(staged);
  const claim = `${staged}.claim`;
  const slot = slotOf(version);
  const held = join(slot, token);
  await mkdir(claim);
  await rename(staged, join(claim, token));
  if (!(await placeClaim(claim, slot, path, version))) {
    await rename(join(claim, token), staged);
    await rmdir(claim);
    return false;
  }
  let takenBack = false;
  try {
    if ((await versionAt(path)) === version) await succeeds(rename(held, path), 'ENOENT');
  } finally {
    takenBack = await succeeds(rename(held, staged), 'ENOENT');
    await succeeds(rmdir(slot), 'ENOENT', ...TAKEN);
  }
  return !takenBack;
}

/**
 * Deletes the file at a path, whichever version it is. It is no error where there is none.
 *
 * @param staged an unused name in the staging folder, for the claim.
 */
export async function removeFile(staged: string, path: string, slotOf: SlotOf): Promise<void> {
  const token = basename(staged);
  for (;;) {
    const version = await versionAt(path);
    if (version === undefined) return;
    const slot = slotOf(version);
    const held = join(slot, token);
    const claim = `${staged}.claim`;
    await mkdir(claim);
    await mkdir(join(claim, token));
    if (!(await placeClaim(claim, slot, path, version))) {
      await rm(claim, { recursive: true });
      continue;
    }
    const gone =
      (await versionAt(path)) === version &&
      (await succeeds(rename(path, join(held, DELETED_NAME)), 'ENOENT'));
    await rm(held, { recursive: true, force: true });
    await succeeds(rmdir(slot), 'ENOENT', ...TAKEN);
    if (gone) return;
    await sleep(Math.random() * REVOKED_PAUSE_MS);
  }
}
