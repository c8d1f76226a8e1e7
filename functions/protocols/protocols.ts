// The protocols of other servers, all of them.

import { type FindErrorShape, OWN_SHAPE } from '../http/error-response.ts';
import { CUSTOM_VISION } from './custom-vision.ts';
import { HUGGING_FACE } from './hugging-face.ts';
import { LABEL_STUDIO } from './label-studio.ts';
import { OPEN_INFERENCE } from './open-inference.ts';
import type { ServedProtocol } from './protocol.ts';
import { REKOGNITION } from './rekognition.ts';
import { ROBOFLOW } from './roboflow.ts';
import { TENSORFLOW_SERVING } from './tensorflow-serving.ts';

/** A request is that of the first whose it is. */
export const PROTOCOLS: readonly ServedProtocol[] = [
  OPEN_INFERENCE,
  TENSORFLOW_SERVING,
  HUGGING_FACE,
  CUSTOM_VISION,
  REKOGNITION,
  ROBOFLOW,
  LABEL_STUDIO,
];

/** The shape of the errors of a request: that of its protocol, else this API's. */
export const errorShapeOf: FindErrorShape = (request) =>
  PROTOCOLS.find(({ isAsked }) => isAsked(request))?.errorShape ?? OWN_SHAPE;
