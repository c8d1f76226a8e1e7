import { describe, expect, it } from 'vitest';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { toLinearHead } from '../../../core/network/surgery/linear-head.ts';
import { splitAt } from '../../../core/network/surgery/split-at.ts';

const headOf = (name: string) => {
  const architecture = findArchitecture(name);
  const network = architecture.build({ inputSize: architecture.defaultInputSize, classes: 3 });
  return toLinearHead(splitAt(network, architecture.featureLayer).head);
};

describe('toLinearHead', () => {
  it('finds a dense layer, and a convolution over one position', () => {
    expect(headOf('mobilenet_v2_0.35')).toEqual({
      kernel: 'predictions/kernel',
      bias: 'predictions/bias',
      normalization: undefined,
    });
    expect(headOf('mobilenet')?.kernel).toBe('conv_preds/kernel');
  });

  it('knows a layer normalization before it', () => {
    expect(headOf('convnext_tiny')?.normalization).toBe(1e-6);
  });

  it('finds none where there is a hidden layer', () => {
    expect(headOf('mobilenet_v3_small')).toBeUndefined();
  });
});
