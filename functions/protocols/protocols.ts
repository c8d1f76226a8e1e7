// The protocols of other servers, all of them.

import { customVisionRoutes } from './custom-vision.ts';
import { huggingFaceRoutes } from './hugging-face.ts';
import { labelStudioRoutes } from './label-studio.ts';
import { openInferenceRoutes } from './open-inference.ts';
import { rekognitionRoutes } from './rekognition.ts';
import { roboflowRoutes } from './roboflow.ts';
import { tensorflowServingRoutes } from './tensorflow-serving.ts';

/** Each gives the routes of one protocol. */
export const PROTOCOLS = [
  openInferenceRoutes,
  tensorflowServingRoutes,
  huggingFaceRoutes,
  customVisionRoutes,
  rekognitionRoutes,
  roboflowRoutes,
  labelStudioRoutes,
] as const;
