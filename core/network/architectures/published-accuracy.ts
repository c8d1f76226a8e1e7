// What is published of the architectures' weights. Facts only.

/**
 * Top-1 accuracy on ImageNet's validation pictures, percent, of the published weights. Source: the table "Available models" of Keras
 * Applications (keras.io/api/applications). It has neither MobileNetV2 0.35 nor MobileNetV3: these are of the table of their checkpoints in
 * TensorFlow's model garden (research/slim/nets/mobilenet), where a documentation of Keras says 68.1 for MobileNetV3 small. It says which
 * is stronger on photographs, and not by how much on yours.
 */
export const PUBLISHED_ACCURACY: Readonly<Record<string, number>> = {
  'mobilenet_v2_0.35': 60.3,
  mobilenet_v3_small: 67.5,
  'mobilenet_v2_1.0': 71.3,
  mobilenet: 70.4,
  efficientnet_b0: 77.1,
  efficientnet_v2_b0: 78.7,
  densenet121: 75,
  xception: 79,
  inception_v3: 77.9,
  resnet50: 74.9,
  resnet50_v2: 76,
  convnext_tiny: 81.3,
  vgg16: 71.3,
};
