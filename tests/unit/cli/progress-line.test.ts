import { expect, it } from 'vitest';
import { type Fact, progressLine } from '../../../cli/client/progress-line.ts';

const facts: readonly Fact[] = [
  { name: 'epoch', text: 'epoch 12/100' },
  { name: 'loss', text: 'loss ▇▅▃▂▁▁▁▁▁▁▁▁▁▁▁▁ 0.250', plain: 'loss 0.250' },
  { name: 'accuracy', text: 'accuracy ▁▂▃▄▅▆▇████████ 90.0 %', plain: 'accuracy 90.0 %' },
  { name: 'speed', text: '123 pictures/s' },
  { name: 'left', text: 'about 12 minutes left', short: '12 min left' },
  { name: 'cost', text: '$0.01 so far', short: '$0.01' },
];
const at = (columns: number) => progressLine({ stage: 'training', share: 0.42, facts }, columns);

it('is whole where there is room, and keeps what matters most where there is not', () => {
  expect(at(200)).toMatch(
    /^training {3}█{10}░{14} 42 % epoch 12\/100 · loss ▇.* · accuracy ▁.* · 123 pictures\/s · about 12/,
  );
  expect(at(80)).toBe('training   ████░░░░░░ 42 % epoch 12/100 · accuracy 90.0 % · 12 min left · $0.01');
  expect(at(40)).toBe('epoch 12/100 · 12 min left · $0.01');
  expect(at(28)).toBe('epoch 12/100 · 12 min left');
});

it('is never wider than the terminal', () => {
  for (let columns = 1; columns <= 200; columns++) expect(at(columns).length).toBeLessThanOrEqual(columns);
});
