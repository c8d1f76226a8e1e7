import { expect, it } from 'vitest';
import { checkEnding } from '../../../cli/client/make-folder.ts';

it('refuses the ending of another format, and names a file', () => {
  expect(() => checkEnding('out/fruit.tflite', '.onnx')).toThrow(
    /named as another format; what is written is ONNX\. Name it e\.g\. out.fruit\.onnx\./,
  );
  expect(() => checkEnding('fruit.onnx', '.json')).toThrow(/is JSON/);
  for (const file of ['fruit.onnx', 'fruit.ONNX', 'fruit', 'fruit.v2']) checkEnding(file, '.onnx');
});
