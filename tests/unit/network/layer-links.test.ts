import { describe, expect, it } from 'vitest';
import { inputOf, outputLayerOf } from '../../../core/network/description/layer-links.ts';
import { outputShape } from '../../../core/network/description/shapes.ts';
import { planNetwork } from '../../../core/network/plan/plan.ts';
import { present } from '../../../core/present.ts';

const INPUT = { type: 'input', name: 'input', inputs: [], shape: [4, 4, 3] } as const;
const FLATTEN = { type: 'flatten', name: 'flat', inputs: ['input'] } as const;

describe('inputOf', () => {
  it('names the layer that is read', () => {
    expect(inputOf(FLATTEN)).toBe('input');
  });

  it('throws for a layer that reads none', () => {
    expect(() => inputOf(INPUT)).toThrow('Layer "input" (input) reads no layer');
  });
});

describe('outputLayerOf', () => {
  it('names the last layer', () => {
    expect(outputLayerOf({ name: 'net', layers: [INPUT, FLATTEN] })).toBe('flat');
  });

  it.each([
    ['itself', outputLayerOf],
    ['the output shape', outputShape],
    ['a plan', planNetwork],
  ])('throws for a network without layers: %s', (_, read) => {
    expect(() => read({ name: 'empty', layers: [] })).toThrow();
  });
});

describe('present', () => {
  it.each([0, '', false])('gives back %j', (value) => {
    expect(present(value, 'a value')).toBe(value);
  });

  it.each([undefined, null])('throws for %j, naming what was expected', (value) => {
    expect(() => present(value, 'an input of the session')).toThrow('Expected an input of the session');
  });
});
