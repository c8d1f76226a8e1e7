import { describe, expect, it } from 'vitest';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { countCalls } from '../../support/counted-store.ts';

const EVENTS = 1500;
const ID = 'ftjob-many';
const now = () => 1_700_000_000_000;
const event = (message: string) => ({
  level: 'info' as const,
  type: 'message' as const,
  message,
  data: null,
});

async function setUp(events = EVENTS) {
  const memory = createMemoryStore();
  const writer = createJobStore({ store: memory, now });
  for (let index = 0; index < events; index++) await writer.appendEvent(ID, event(`event ${index}`));
  const store = countCalls(memory);
  return { memory, store, jobs: createJobStore({ store, now }) };
}

const messages = (events: readonly { readonly message: string }[]) => events.map(({ message }) => message);

describe('the events of a job', () => {
  it('are added without going through the earlier ones', async () => {
    const { store, jobs } = await setUp();
    const first = await jobs.appendEvent(ID, event('one more'));
    expect(first.id).toMatch(new RegExp(`-${EVENTS}$`));
    const counts = store.takeCounts();
    expect(counts.listed + counts.get).toBe(0);
    expect(counts.head).toBeLessThan(3 * Math.log2(EVENTS));
    await jobs.appendEvent(ID, event('and another'));
    expect(store.takeCounts()).toMatchObject({ put: 1, head: 0, get: 0, listed: 0 });
  });

  it('are paged by reading the page alone', async () => {
    const { store, jobs } = await setUp();
    const page = await jobs.events(ID, { limit: 20 });
    expect(messages(page.events)).toEqual(Array.from({ length: 20 }, (_, i) => `event ${EVENTS - 1 - i}`));
    expect(page.hasMore).toBe(true);
    store.takeCounts();
    const next = await jobs.events(ID, { limit: 20, after: page.events.at(-1)?.id });
    expect(messages(next.events)[0]).toBe(`event ${EVENTS - 21}`);
    expect(store.takeCounts()).toMatchObject({ get: 20, listed: 0 });
    const last = await jobs.events(ID, { limit: 20, after: (await jobs.eventsSince(ID))[3]?.id });
    expect([messages(last.events), last.hasMore]).toEqual([['event 2', 'event 1', 'event 0'], false]);
  });

  it('are followed by one small call where there is nothing new', async () => {
    const { memory, store, jobs } = await setUp(40);
    const all = await jobs.eventsSince(ID);
    expect(messages(all)).toEqual(Array.from({ length: 40 }, (_, i) => `event ${i}`));
    store.takeCounts();
    expect(await jobs.eventsSince(ID, all.at(-1)?.id)).toEqual([]);
    const counts = store.takeCounts();
    expect(counts.get + counts.listed).toBe(0);
    expect(counts.head).toBeLessThanOrEqual(2);
    await createJobStore({ store: memory, now }).appendEvent(ID, event('by another process'));
    expect(messages(await jobs.eventsSince(ID, all.at(-1)?.id))).toEqual(['by another process']);
  });

  it('begin anew for who names one that is not there', async () => {
    const { jobs } = await setUp(3);
    for (const after of ['ftevent-many-3', 'ftevent-many-1.5', 'ftevent-other-1', 'nonsense'])
      expect(messages((await jobs.events(ID, { limit: 1, after })).events)).toEqual(['event 2']);
    expect(await jobs.eventsSince('ftjob-none')).toEqual([]);
  });

  it('are read though one of them is gone or damaged', async () => {
    const { memory, jobs } = await setUp(5);
    await jobs.eventsSince(ID);
    await memory.delete(keys.jobEvent(ID, 1));
    await memory.put(keys.jobEvent(ID, 2), '{');
    const { events } = await jobs.events(ID, { limit: 10 });
    expect(messages(events)).toEqual([
      'event 4',
      'event 3',
      expect.stringContaining('cannot be used'),
      'event 0',
    ]);
  });
});
